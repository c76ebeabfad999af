"""What the gateway does, one module a deed."""
