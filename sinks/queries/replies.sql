-- The answered model calls for some dialogues of a run, by the endpoint's id of the reply.
SELECT
    dialogue_id,
    toString(event_id) AS id,
    JSONExtractString(payload, 'body', 'response_id') AS response_id
FROM events FINAL
WHERE run_id = {run_id:String}
    AND dialogue_id IN {dialogue_ids:Array(String)}
    AND subject = 'llm.called'
    AND outcome = 'ok'
