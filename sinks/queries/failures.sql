-- Some dialogues that were not accepted: the event that says why, a few of each kind in the order of their hash.
SELECT payload
FROM
(
    SELECT
        dialogue_id,
        event_id,
        payload,
        transform(subject, ['review.needed', 'review.rejected'], ['needs_review', 'rejected'], 'dead') AS state
    FROM events FINAL
    WHERE run_id = {run_id:String}
        AND (subject IN ('review.needed', 'review.rejected') OR (startsWith(subject, 'dead.') AND ends_dialogue))
)
WHERE (dialogue_id, state) IN (SELECT dialogue_id, state FROM dialogues WHERE run_id = {run_id:String})
ORDER BY indexOf(['rejected', 'needs_review', 'dead'], state), cityHash64(dialogue_id), event_id
LIMIT {each:UInt32} BY state
