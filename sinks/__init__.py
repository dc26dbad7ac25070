"""Where events stay: the ClickHouse schema, the store, the queries and the report."""
