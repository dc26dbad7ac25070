-- Some events of a run by id.
SELECT toString(event_id) AS id, payload
FROM events FINAL
WHERE run_id = {run_id:String}
    AND dialogue_id IN {dialogue_ids:Array(String)}
    AND event_id IN {event_ids:Array(UUID)}
