"""The model's side: a Strands agent over the collected evidence. Imported only when a provider is configured."""
