-- What a replay found in some dialogues of a run.
SELECT dialogue_id, passed, confidence, findings, failure
FROM replay_verdicts FINAL
WHERE replay = {replay:String} AND run_id = {run_id:String} AND dialogue_id IN {dialogue_ids:Array(String)}
