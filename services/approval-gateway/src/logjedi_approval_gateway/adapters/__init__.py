"""The ports' real sides."""
