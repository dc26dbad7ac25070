-- The run with the newest event. Model calls alone make no run: `tools curate` asks models as well.
SELECT run_id
FROM events
WHERE subject != 'llm.called' AND run_id != ''
ORDER BY produced_at DESC
LIMIT 1
