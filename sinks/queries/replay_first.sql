-- The first dialogue of a run that a replay has no verdict on yet; empty: there is none.
SELECT min(dialogue_id)
FROM events
WHERE run_id = {run_id:String}
    AND dialogue_id != ''
    AND subject IN {subjects:Array(String)}
    AND inserted_at <= {stored_until:DateTime64(6, 'UTC')}
    AND produced_at >= {since:DateTime64(6, 'UTC')}
    AND produced_at < {until:DateTime64(6, 'UTC')}
    AND ({scenario:String} = '' OR scenario = {scenario:String})
    AND cityHash64(dialogue_id) % 1000000 < {per_million:UInt32}
    AND (subject != 'checked.rule' OR passed)
    AND dialogue_id NOT IN (
        SELECT dialogue_id FROM replay_verdicts WHERE replay = {name:String} AND run_id = {run_id:String})
