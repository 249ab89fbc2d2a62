"""Records to output: plain text, Markdown and JSON, the same for every front end."""
