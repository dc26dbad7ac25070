-- What a run has spent on calls made before a moment (in microseconds), some of them left out.
SELECT sum(cost_usd) AS usd, sum(prompt_tokens + completion_tokens) AS tokens
FROM llm_calls
WHERE run_id = {run_id:String}
    AND toUnixTimestamp64Micro(produced_at) < {before:Int64}
    AND toString(event_id) NOT IN {without:Array(String)}
