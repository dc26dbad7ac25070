-- A page of a promotion's plan. A running sink cannot send more than a message holds.
SELECT *
FROM
(
{plan}
)
WHERE (run_id, dialogue_id) > ({{after_run:String}}, {{after:String}})
ORDER BY run_id, dialogue_id
LIMIT {{page:UInt32}}
