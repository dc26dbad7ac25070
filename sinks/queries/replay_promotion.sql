-- How many dialogues promoting a replay would concern, by what it would do: promote_plan.sql, counted.
SELECT action, count() AS dialogues
FROM
(
{plan}
)
GROUP BY action
