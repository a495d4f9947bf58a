"""The core: what a conversation is and how a turn runs. No terminal, no HTTP, no files."""
