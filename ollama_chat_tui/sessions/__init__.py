"""Conversations on disk. Knows the core and the ground; no terminal, no HTTP, no commands."""
