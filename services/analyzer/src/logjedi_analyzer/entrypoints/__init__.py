"""How requests come in: HTTP."""
