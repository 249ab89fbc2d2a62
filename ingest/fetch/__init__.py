"""Addresses to pages: a polite, bounded HTTP client, and the store of kept pages."""
