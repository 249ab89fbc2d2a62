"""Hits to an extractive answer: passages, their selection and composition, citations and their check."""
