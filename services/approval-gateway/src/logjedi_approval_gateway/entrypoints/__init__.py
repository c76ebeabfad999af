"""How the outside reaches the use cases: HTTP, streams and the clock."""
