"""A world in virtual time: an API server, controllers, a gateway with people, and an operator that can be killed."""
