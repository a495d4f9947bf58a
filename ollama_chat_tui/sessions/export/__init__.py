"""Sessions as files for others: Markdown, HTML, text for people, JSON for programs."""
