"""The operator: it watches, keeps the record, and changes only what was approved, exactly as approved.

It alone has rights in the cluster, and nobody can reach it from outside: it talks to the API server, the analyzer and
Redis, never to a chat, and holds no chat or model secret.
"""
