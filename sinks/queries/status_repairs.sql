-- Dialogues that the repair agent had, those of them that it changed, and those of these that were accepted.
SELECT
    count() AS tried,
    countIf(failure = '') AS changed,
    countIf(failure = '' AND dialogue_id IN (
        SELECT dialogue_id FROM dialogues WHERE run_id = {run_id:String} AND state = 'accepted')) AS accepted
FROM
(
    SELECT dialogue_id, max(JSONExtractString(payload, 'body', 'dialogue', 'repairs', -1, 'failure')) AS failure
    FROM events FINAL
    WHERE run_id = {run_id:String} AND subject = 'dialogue.repaired'
    GROUP BY dialogue_id
)
