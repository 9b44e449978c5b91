"""Plugins, backends and settings, and the way from an op to its function."""
