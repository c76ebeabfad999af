"""The ways to people: each a pair of pure translations and a sender. Teams will stand beside ``slack``."""
