-- A page of the stored events that a replay is about, one a dialogue, in the order of their ids. Of several the
-- last counts: a repaired dialogue is not checked as it was before.
SELECT dialogue_id, toString(event_id) AS id, payload
FROM events
WHERE run_id = {run_id:String}
    AND dialogue_id >= {first:String}
    AND dialogue_id > {after:String}
    AND subject IN {subjects:Array(String)}
    AND inserted_at <= {stored_until:DateTime64(6, 'UTC')}
    AND produced_at >= {since:DateTime64(6, 'UTC')}
    AND produced_at < {until:DateTime64(6, 'UTC')}
    AND ({scenario:String} = '' OR scenario = {scenario:String})
    AND cityHash64(dialogue_id) % 1000000 < {per_million:UInt32}
    AND (subject != 'checked.rule' OR passed)
ORDER BY dialogue_id, repairs DESC, produced_at DESC, event_id
LIMIT 1 BY dialogue_id
LIMIT {page:UInt32}
