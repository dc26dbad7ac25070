"""The model checker: a model's confidence in a dialogue that passed the rules."""
