"""The judge agent: one of a round's candidates."""
