"""logjedi_approval_gateway: see services/README in the workspace root."""
