"""What is there and what is in force: plugins, backends, settings, and from an op to its function."""
