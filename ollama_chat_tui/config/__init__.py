"""The configuration: a typed TOML file, errors that point into it, edits that keep what stands around."""
