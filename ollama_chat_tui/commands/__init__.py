"""Slash-commands. They change the chat and return what to show; they never print."""
