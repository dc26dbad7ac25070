"""The review router: accepted at once, or a person's turn."""
