-- What was asked for in the name of a run, the latest request first.
SELECT payload
FROM events FINAL
WHERE run_id = {run_id:String} AND subject = 'runs.requested'
ORDER BY produced_at DESC, event_id
