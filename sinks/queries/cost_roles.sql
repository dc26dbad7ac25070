-- What each role's calls cost. An unparsable reply is one more fact about a call that was counted already.
SELECT
    role,
    countIf(outcome != 'unparsable') AS calls,
    sum(prompt_tokens) AS prompt_tokens,
    sum(completion_tokens) AS completion_tokens,
    sum(cached_tokens) AS cached_tokens,
    sum(cost_usd) AS cost_usd
FROM llm_calls
WHERE run_id = {run_id:String}
GROUP BY role
ORDER BY role
