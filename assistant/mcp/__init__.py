"""The tool server for the Model Context Protocol."""
