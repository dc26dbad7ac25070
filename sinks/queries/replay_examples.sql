-- Some dialogues of each change, with the rule that made it, in the order of their hash. `old_id` is the event of the
-- old verdict, empty where there is none.
SELECT
    change,
    rule,
    run_id,
    dialogue_id,
    toString(input_id) AS input,
    if(old = 'none', '', toString(old_id)) AS old_event
FROM
(
    SELECT
        *,
        multiIf(
            new = 'none', 'no_verdict',
            old = 'pass' AND new = 'fail', 'fails_now',
            old = 'fail' AND new = 'pass', 'passes_now',
            old = 'fail' AND new = 'fail', 'fails_otherwise',
            '') AS change,
        arrayConcat(
            arrayFilter(rule -> NOT has(old_rules, rule), new_rules),
            arrayFilter(rule -> NOT has(new_rules, rule), old_rules)) AS changed
    FROM pairs
    WHERE new = 'none' OR (old != 'none' AND (old != new OR old_rules != new_rules))
)
ARRAY JOIN if({by_rule:Bool} AND change != 'no_verdict', changed, ['']) AS rule
WHERE change != '' AND (change != 'fails_otherwise' OR rule != '')
ORDER BY cityHash64(dialogue_id), dialogue_id, run_id
LIMIT {each:UInt32} BY change, rule
