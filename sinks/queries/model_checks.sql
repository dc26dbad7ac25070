-- The model checker's latest verdict on each dialogue of a run.
SELECT dialogue_id, argMax(toString(event_id), produced_at) AS id
FROM events FINAL
WHERE run_id = {run_id:String} AND subject = 'checked.model'
GROUP BY dialogue_id
ORDER BY dialogue_id
