"""What LogJedi's services say to each other, and how they prove who said it.

Every service may import this package; it imports none of them. It holds messages and their codec,
the digest of a proposal, Ed25519 signatures, the Redis Streams bus, the error tree, settings and logs.
"""
