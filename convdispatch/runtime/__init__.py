"""What exists and is in force: plugins, backends, settings, and an op's way to its function."""
