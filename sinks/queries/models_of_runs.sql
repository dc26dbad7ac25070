-- The models that some runs were made with, without the one that is named.
SELECT DISTINCT model
FROM llm_calls
WHERE run_id IN {runs:Array(String)} AND model NOT IN ('', {but:String})
ORDER BY model
