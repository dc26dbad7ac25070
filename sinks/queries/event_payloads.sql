-- Whole events whose id starts with a prefix.
SELECT payload FROM events FINAL WHERE startsWith(toString(event_id), {prefix:String}) LIMIT 2
