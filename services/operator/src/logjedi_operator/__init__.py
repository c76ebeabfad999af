"""logjedi_operator: see services/README in the workspace root."""
