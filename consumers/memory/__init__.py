"""The memory agent: what has been covered, per cluster of kin tools."""
