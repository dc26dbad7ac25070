-- What the calls for dialogues cost, by what became of these.
SELECT
    state,
    count() AS dialogues,
    sum(llm_calls) AS calls,
    sum(cost_usd) AS cost_usd
FROM dialogues
WHERE run_id = {run_id:String}
GROUP BY state
ORDER BY state
