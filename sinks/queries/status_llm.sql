-- LLM calls of a run by role. An unparsable reply is one more fact about a call that was counted already.
SELECT
    role,
    countIf(outcome != 'unparsable') AS calls,
    countIf(outcome != 'ok') AS failed,
    sum(prompt_tokens) AS prompt_tokens,
    sum(completion_tokens) AS completion_tokens,
    sum(cost_usd) AS cost_usd
FROM llm_calls
WHERE run_id = {run_id:String}
GROUP BY role
ORDER BY role
