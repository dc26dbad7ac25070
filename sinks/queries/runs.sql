-- The runs there are whose id starts with a prefix, the one with the newest event first. Model calls alone make
-- no run.
SELECT
    run_id,
    min(produced_at) AS started_at,
    uniqExactIf(dialogue_id, subject = 'review.accepted' AND event_id NOT IN (
        SELECT assumeNotNull(causation_id) FROM events WHERE subject = 'review.revoked')) AS accepted
FROM events
WHERE subject != 'llm.called' AND run_id != '' AND startsWith(run_id, {prefix:String})
GROUP BY run_id
ORDER BY max(produced_at) DESC, run_id
