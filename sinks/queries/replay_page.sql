-- A page of the stored events that a replay is about, in the order of their dialogues' ids. The order is the
-- table's own and the blocks are no larger than the page, so that no more is read than is wanted.
SELECT dialogue_id, toString(event_id) AS id, repairs, produced_at, payload
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
ORDER BY dialogue_id
LIMIT {page:UInt32}
SETTINGS max_block_size = {page:UInt32}, max_threads = 1
