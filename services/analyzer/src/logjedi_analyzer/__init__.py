"""logjedi_analyzer: see services/README in the workspace root."""
