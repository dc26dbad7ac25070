"""The rule checker measured: how fast, how much it finds, how often it is wrong."""
