-- Dead letters, the newest first; an empty run_id means all runs.
SELECT event_id, run_id, dialogue_id, produced_at, subject, JSONExtractString(payload, 'body', 'stage') AS stage, error
FROM events FINAL
WHERE startsWith(subject, 'dead.') AND ({run_id:String} = '' OR run_id = {run_id:String})
ORDER BY produced_at DESC
LIMIT {limit:UInt32}
