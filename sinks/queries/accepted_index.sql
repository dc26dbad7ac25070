-- Which event holds each accepted dialogue, in slot order: a person's acceptance before the router's.
SELECT dialogue_id, toString(event_id) AS id
FROM events FINAL
WHERE run_id = {run_id:String}
    AND subject = 'review.accepted'
    AND event_id NOT IN (
        SELECT assumeNotNull(causation_id) FROM events WHERE run_id = {run_id:String} AND subject = 'review.revoked')
    AND dialogue_id IN (SELECT dialogue_id FROM dialogues WHERE run_id = {run_id:String} AND state = 'accepted')
ORDER BY isNull(slot), slot, attempt, dialogue_id, how = 'automatic', produced_at DESC, event_id
LIMIT 1 BY dialogue_id
