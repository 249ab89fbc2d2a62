"""Builds on disk, how they are published, and the log of refreshes."""
