"""The ClickHouse sink: every event, for ever, and whoever asks about them."""
