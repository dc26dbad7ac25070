"""User, assistant and function agents: rounds of candidates."""
