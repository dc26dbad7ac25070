-- How many dialogues of a run came to each stage and past it.
SELECT
    uniqExactIf(dialogue_id, subject = 'tools.sampled') AS sampled,
    uniqExactIf(dialogue_id, subject = 'dialogue.judged.done') AS written,
    uniqExactIf(dialogue_id, subject = 'checked.rule') AS checked_by_rules,
    uniqExactIf(dialogue_id, subject = 'checked.rule' AND passed) AS passed_rules,
    uniqExactIf(dialogue_id, subject = 'checked.model') AS checked_by_model,
    uniqExactIf(dialogue_id, subject = 'checked.model' AND passed) AS passed_model
FROM events FINAL
WHERE run_id = {run_id:String}
