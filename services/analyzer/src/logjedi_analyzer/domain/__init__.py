"""Pure knowledge: how to read evidence, how to spell a patch, and which failures have which remedy."""
