"""The sampler: which tools, which scenario, which plan."""
