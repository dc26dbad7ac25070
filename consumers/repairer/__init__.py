"""The repairer: one try at mending what a rule found."""
