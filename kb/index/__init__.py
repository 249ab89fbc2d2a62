"""The parts of a build that are searched: chunks, a keyword index, vectors, and the table of entries."""
