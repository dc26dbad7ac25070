-- How each rule's findings changed, over the dialogues with an old and a new verdict; `first` are dialogues that were
-- not checked before. A dialogue counts once a rule, however often the rule fires.
SELECT
    rule,
    countIf(old != 'none' AND fires AND NOT fired) AS appeared,
    countIf(old = 'pass' AND new = 'fail' AND fires AND NOT fired) AS made_fail,
    countIf(old != 'none' AND fired AND NOT fires) AS vanished,
    countIf(old = 'fail' AND new = 'pass' AND fired AND NOT fires) AS let_pass,
    countIf(fires AND fired) AS stayed,
    countIf(old = 'none' AND fires) AS first
FROM
(
    SELECT old, new, rule, has(new_rules, rule) AS fires, has(old_rules, rule) AS fired
    FROM pairs
    ARRAY JOIN arrayDistinct(arrayConcat(old_rules, new_rules)) AS rule
    WHERE new != 'none'
)
GROUP BY rule
ORDER BY appeared + vanished DESC, rule
