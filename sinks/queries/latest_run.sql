-- The run with the newest event.
SELECT run_id
FROM events
ORDER BY produced_at DESC
LIMIT 1
