"""One file a role: its prompt, its typed reply, and the function that plays it."""
