-- The new verdict of each dialogue of a replay beside its old one: the part that the other questions on a replay
-- begin with. The old verdict is the newest that the pipeline gave on the same stored event; what the replayed checker
-- itself said since the replay began (it was promoted) is none. `old` and `new` are pass, fail or none.
WITH pairs AS
(
    SELECT
        fresh.run_id AS run_id,
        fresh.dialogue_id AS dialogue_id,
        fresh.input_id AS input_id,
        if(fresh.scenario = '', known.scenario, fresh.scenario) AS of_scenario,
        multiIf(fresh.failure != '', 'none', fresh.passed, 'pass', 'fail') AS new,
        if(new = 'none', [], fresh.error_rules) AS new_rules,
        fresh.confidence AS new_confidence,
        multiIf(isNull(known.passed), 'none', assumeNotNull(known.passed), 'pass', 'fail') AS old,
        known.error_rules AS old_rules,
        known.confidence AS old_confidence,
        known.producer AS old_producer,
        known.event_id AS old_id
    FROM
    (
        SELECT run_id, dialogue_id, input_id, scenario, passed, confidence, error_rules, failure
        FROM replay_verdicts FINAL
        WHERE replay = {replay:String}
    ) AS fresh
    LEFT ANY JOIN
    (
        SELECT assumeNotNull(causation_id) AS cause, event_id, scenario, producer, passed, confidence, error_rules
        FROM events
        WHERE subject = {subject:String}
            AND run_id IN (SELECT run_id FROM replay_verdicts WHERE replay = {replay:String})
            AND isNotNull(causation_id)
            AND NOT (producer = {checker:String} AND toUnixTimestamp64Micro(produced_at) >= {started_at:Int64})
        ORDER BY cause, produced_at DESC, event_id
        LIMIT 1 BY cause
    ) AS known ON known.cause = fresh.input_id
)
