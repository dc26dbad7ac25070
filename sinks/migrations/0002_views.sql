-- Views that hide FINAL: what one asks about first.

-- The dialogue's latest known form is that of the furthest stage reached. Clocks of producers are never
-- compared for this. A person's decision weighs more than the router's, and between equals the
-- rejection wins: a doubtful dialogue must not be trained on. A dialogue of which only side events are known
-- (model calls made before it was sampled) is `unsampled`.
CREATE OR REPLACE VIEW dialogues AS
WITH
    countIf(subject = 'tools.sampled') > 0 AS is_sampled,
    countIf(subject = 'review.accepted') > 0 AS is_accepted,
    countIf(subject = 'review.rejected') > 0 AS is_rejected,
    countIf(subject = 'dead' AND ends_dialogue) > 0 AS is_dead,
    countIf(subject = 'review.accepted' AND how != 'automatic') > 0 AS person_accepted,
    countIf(subject = 'review.rejected' AND how != 'automatic') > 0 AS person_rejected
SELECT
    run_id,
    dialogue_id,
    multiIf(
        person_rejected, 'rejected',
        person_accepted, 'accepted',
        is_rejected, 'rejected',
        is_accepted, 'accepted',
        countIf(subject = 'review.needed') > 0, 'needs_review',
        is_dead, 'dead',
        is_sampled, 'in_flight',
        'unsampled') AS state,
    is_sampled AS sampled,
    is_accepted AND (is_rejected OR is_dead) AS conflict,
    argMax(scenario, stage) AS scenario,
    argMax(slot, stage) AS slot,
    argMax(attempt, stage) AS attempt,
    argMax(turns, stage) AS turns,
    argMax(tasks, stage) AS tasks,
    argMax(calls, stage) AS calls,
    argMax(tools, stage) AS tools,
    argMax(targets, stage) AS targets,
    argMax(cluster, stage) AS cluster,
    argMax(special_kind, stage) AS special_kind,
    argMax(language, stage) AS language,
    argMax(declined, stage) AS declined,
    argMax(request, stage) AS request,
    argMax(type_label, stage) AS type_label,
    argMaxIf(confidence, stage, isNotNull(confidence)) AS confidence,
    min(produced_at) AS started_at,
    if(state IN ('in_flight', 'unsampled'), NULL, maxIf(produced_at, ends)) AS ended_at,
    countIf(subject = 'llm.called' AND outcome != 'unparsable') AS llm_calls,
    sum(prompt_tokens + completion_tokens) AS tokens,
    sum(cost_usd) AS cost_usd
FROM
(
    SELECT
        * EXCEPT subject,
        if(startsWith(e.subject, 'dead.'), 'dead', e.subject) AS subject,
        (indexOf(['tools.sampled', 'dialogue.candidates', 'dialogue.judged.next', 'dialogue.judged.done',
            'checked.rule', 'checked.model', 'review.needed', 'review.rejected', 'review.accepted'], subject), round)
            AS stage,
        startsWith(subject, 'review.') OR (subject = 'dead' AND ends_dialogue) AS ends
    FROM
    (
        SELECT run_id, dialogue_id, subject, round, produced_at, scenario, slot, attempt, turns, tasks, calls,
            tools, targets, cluster, special_kind, language, declined, request, type_label, confidence, how,
            ends_dialogue, outcome, prompt_tokens, completion_tokens, cost_usd
        FROM events FINAL
        WHERE dialogue_id != ''
    ) AS e
)
GROUP BY run_id, dialogue_id;

CREATE OR REPLACE VIEW llm_calls AS
SELECT
    event_id, run_id, dialogue_id, round, causation_id, produced_at, producer, role, model, prompt_version,
    outcome, prompt_tokens, completion_tokens, cached_tokens, cost_usd, latency_s, error
FROM events FINAL
WHERE subject = 'llm.called';

-- One row a problem that a rule found.
CREATE OR REPLACE VIEW rule_findings AS
SELECT
    event_id, run_id, dialogue_id, produced_at, producer, passed,
    finding.rule AS rule,
    finding.aspect AS aspect,
    finding.severity AS severity,
    finding.problem AS problem,
    finding.hint AS hint,
    finding.message AS message
FROM
(
    SELECT
        event_id, run_id, dialogue_id, produced_at, producer, passed,
        arrayJoin(JSONExtract(payload, 'body', 'findings', 'Array(Tuple(rule String, aspect String,
            severity String, problem String, hint String, message Nullable(UInt32)))')) AS finding
    FROM events FINAL
    WHERE subject = 'checked.rule'
);

-- One row a time that the judge was given candidates. `best` holds those that came out best in the order of
-- `shown`, whatever a repetition in reverse order said; more than one: a tie. It is empty where that is not known
-- (a repeated choice of an early version). `place` is the 1-based place of a sole winner, NULL without one.
CREATE OR REPLACE VIEW judgements AS
SELECT
    event_id, run_id, dialogue_id, round, produced_at, producer, scenario, draft, shown, chosen,
    multiIf(empty(shown), [], isNotNull(swap_agreed), swap_best, notEmpty(tied), tied, [chosen]) AS best,
    if(length(best) = 1, indexOf(shown, best[1]), NULL) AS place,
    swap_agreed,
    swap_best_again AS best_again,
    draft_declined AS declined,
    declined != '' AND subject = 'dialogue.judged.done' AS given_up
FROM events FINAL
WHERE subject IN ('dialogue.judged.next', 'dialogue.judged.done');

-- One row a tool call of an accepted dialogue.
CREATE OR REPLACE VIEW calls AS
SELECT run_id, dialogue_id, scenario, arrayJoin(calls) AS tool
FROM dialogues
WHERE state = 'accepted';
