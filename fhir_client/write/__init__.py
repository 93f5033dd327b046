"""Bringing a statement to a server: build, check, send once, read back."""
