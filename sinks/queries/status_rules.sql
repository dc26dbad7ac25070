-- How many dialogues the rule checker failed, by the rule that found an error.
SELECT rule, uniqExact(dialogue_id) AS dialogues
FROM events FINAL
ARRAY JOIN error_rules AS rule
WHERE run_id = {run_id:String} AND subject = 'checked.rule' AND NOT passed
GROUP BY rule
ORDER BY dialogues DESC, rule
