-- How many dialogues the rule checker failed, by the rule that found an error. Of a dialogue that was repaired the
-- verdict after the repair counts, not the one that led to it.
SELECT rule, uniqExact(dialogue_id) AS dialogues
FROM events FINAL
ARRAY JOIN error_rules AS rule
WHERE run_id = {run_id:String} AND subject = 'checked.rule' AND NOT passed
    AND event_id NOT IN (
        SELECT assumeNotNull(causation_id) FROM events WHERE run_id = {run_id:String} AND subject = 'dialogue.repaired')
GROUP BY rule
ORDER BY dialogues DESC, rule
