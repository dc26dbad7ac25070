"""The LLM roles, their client, and the offline teacher. Knows neither NATS nor ClickHouse."""
