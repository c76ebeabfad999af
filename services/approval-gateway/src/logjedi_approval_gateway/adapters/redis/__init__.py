"""Approvals in Redis: hashes, two indexes and a few scripts that compare and set."""
