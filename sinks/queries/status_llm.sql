-- LLM calls of a run by role.
SELECT
    role,
    count() AS calls,
    countIf(outcome != 'ok') AS failed,
    sum(prompt_tokens) AS prompt_tokens,
    sum(completion_tokens) AS completion_tokens,
    sum(cost_usd) AS cost_usd
FROM llm_calls
WHERE run_id = {run_id:String}
GROUP BY role
ORDER BY role
