-- What each dialogue of a run cost, and whether it was accepted. Calls made for no dialogue are not in it.
SELECT toUInt8(state = 'accepted') AS accepted, llm_calls AS calls, tokens
FROM dialogues
WHERE run_id = {run_id:String}
ORDER BY dialogue_id
