"""A node that does not exist, for machines that cannot run containers.

It writes to the API server what a kubelet would write: pod statuses and events, in the kubelet's and containerd's own
words. Nothing runs; what a container of the test cluster's one program would have done is worked out from its
arguments, variables and memory limit. Where the two forms of cluster must agree is held by
`tests/integration/test_cluster.py`, which asks both the same questions.
"""
