"""The memory agent: what has been covered, per tool."""
