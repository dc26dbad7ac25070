-- What promoting a replay does, a row a dialogue that it concerns. `kept` is what a person accepted and the new
-- checker would not. `pass on` goes only past the stage that held the dialogue back or took its acceptance away.
-- Where a rule raised, or nothing could be read, there is no verdict: that is the checker's fault or the row's.
SELECT
    run_id,
    dialogue_id,
    toString(input_id) AS input,
    multiIf(
        NOT verdict.passed AND notEmpty(acceptances), if(decided, 'keep', 'revoke'),
        verdict.passed AND empty(acceptances) AND NOT decided AND if(
            notEmpty(taken_back),
            startsWith(revoked_by, {stage:String}),
            is_held AND passed_rules = ({stage:String} = 'model-checker')), 'pass on',
        '') AS action,
    arrayMap(id -> toString(id), acceptances) AS accepted
FROM
(
    SELECT run_id, dialogue_id, input_id, v.passed AS passed
    FROM replay_verdicts AS v FINAL
    WHERE replay = {name:String} AND failure = '' AND NOT has(error_rules, 'rule_error')
) AS verdict
INNER JOIN standings USING (run_id, dialogue_id)
WHERE action != ''
ORDER BY run_id, dialogue_id
