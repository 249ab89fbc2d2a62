"""Views of a build: the tree of entries, the crosswalk of practices and risks, and facets of a search."""
