"""A session on one page."""
