"""``make demo``: three workloads fail on a real Kubernetes, somebody clicks Approve, each is healed and recorded."""
