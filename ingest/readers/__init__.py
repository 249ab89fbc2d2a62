"""Pages to entries: one reader per kind of source, and the HTML and Markdown they are written in."""
