"""The page: what waits for a decision and what became of it, server-rendered, under the same rules as chat."""

NAME = "web"
