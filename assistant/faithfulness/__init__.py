"""Faithfulness of generated sentences: streamed text to sentences, and the judge of each sentence."""
