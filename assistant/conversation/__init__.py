"""Conversations: follow-ups understood from the turns before them."""
