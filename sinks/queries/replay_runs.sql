-- The runs that a replay is about, with their dialogues.
SELECT run_id, uniqExact(dialogue_id) AS dialogues
FROM events
WHERE startsWith(run_id, {run:String})
    AND dialogue_id != ''
    AND subject IN {subjects:Array(String)}
    AND inserted_at <= {stored_until:DateTime64(6, 'UTC')}
    AND produced_at >= {since:DateTime64(6, 'UTC')}
    AND produced_at < {until:DateTime64(6, 'UTC')}
    AND ({scenario:String} = '' OR scenario = {scenario:String})
    AND cityHash64(dialogue_id) % 1000000 < {per_million:UInt32}
    AND (subject != 'checked.rule' OR passed)
GROUP BY run_id
ORDER BY run_id
