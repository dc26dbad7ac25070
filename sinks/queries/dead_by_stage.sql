-- Dead letters of a run by the stage that could not handle them.
SELECT JSONExtractString(payload, 'body', 'stage') AS stage, count() AS letters
FROM events FINAL
WHERE run_id = {run_id:String} AND startsWith(subject, 'dead.')
GROUP BY stage
ORDER BY stage
