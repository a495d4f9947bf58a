"""The only layer that knows prompt_toolkit, rich and escape sequences."""
