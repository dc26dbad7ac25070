-- Dialogues that were repaired, acceptances that were taken back, and what replayed checkers say.

ALTER TABLE events ADD COLUMN IF NOT EXISTS repairs UInt8
    MATERIALIZED length(JSONExtractArrayRaw(payload, 'body', 'dialogue', 'repairs'))
    COMMENT 'How often the repair agent had its turn with the dialogue';

-- One verdict a dialogue and replay; a dialogue that is checked again replaces its twin.
CREATE TABLE IF NOT EXISTS replay_verdicts
(
    replay LowCardinality(String) COMMENT 'Name of the replay',
    run_id String COMMENT 'The run of the dialogue',
    dialogue_id String COMMENT 'The dialogue',
    input_id UUID COMMENT 'The stored event that was checked again',
    scenario LowCardinality(String) COMMENT 'As in events',
    producer LowCardinality(String) COMMENT 'Stage and version that gave the verdict',
    passed Bool COMMENT 'Verdict of the new checker',
    confidence Nullable(Float64) COMMENT 'The model checker''s, in [0, 1]; NULL for rules',
    threshold Nullable(Float64) COMMENT 'Confidence needed; NULL for rules',
    error_rules Array(LowCardinality(String)) COMMENT 'Rules that found an error in the dialogue',
    findings String CODEC(ZSTD(3)) COMMENT 'All findings, warnings too, as JSON',
    failure String COMMENT 'Why there is no verdict; empty: there is one',
    checked_at DateTime64(6, 'UTC') COMMENT 'By the clock of the checker'
)
ENGINE = ReplacingMergeTree
ORDER BY (replay, run_id, dialogue_id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'What replayed checkers say of stored dialogues';

-- The dialogue's latest known form is that of the furthest stage reached. Clocks of producers are never
-- compared for this. An acceptance that was revoked does not count. A person's decision weighs more than the router's, and between equals the
-- rejection wins: a doubtful dialogue must not be trained on. A dialogue of which only side events are known
-- (model calls made before it was sampled) is `unsampled`.
CREATE OR REPLACE VIEW dialogues AS
WITH
    countIf(subject = 'tools.sampled') > 0 AS is_sampled,
    groupArrayIf(causation_id, subject = 'review.revoked') AS taken_back,
    arrayExists(id -> NOT has(taken_back, id), groupArrayIf(event_id, subject = 'review.accepted')) AS is_accepted,
    notEmpty(taken_back) AND NOT is_accepted AS is_revoked,
    countIf(subject = 'review.rejected') > 0 AS is_rejected,
    countIf(subject = 'dead' AND ends_dialogue) > 0 AS is_dead,
    arrayExists(id -> NOT has(taken_back, id),
        groupArrayIf(event_id, subject = 'review.accepted' AND how != 'automatic')) AS person_accepted,
    countIf(subject = 'review.rejected' AND how != 'automatic') > 0 AS person_rejected
SELECT
    run_id,
    dialogue_id,
    multiIf(
        person_rejected, 'rejected',
        person_accepted, 'accepted',
        is_rejected, 'rejected',
        is_accepted, 'accepted',
        is_revoked, 'rejected',
        countIf(subject = 'review.needed') > 0, 'needs_review',
        is_dead, 'dead',
        is_sampled, 'in_flight',
        'unsampled') AS state,
    is_sampled AS sampled,
    is_accepted AND (is_rejected OR is_dead) AS conflict,
    is_revoked AS revoked,
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
    argMax(repairs, stage) AS repairs,
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
        (repairs, indexOf(['tools.sampled', 'dialogue.candidates', 'dialogue.judged.next', 'dialogue.judged.done',
            'dialogue.repaired', 'checked.rule', 'checked.model', 'review.needed', 'review.rejected', 'review.accepted'], subject), round)
            AS stage,
        startsWith(subject, 'review.') OR (subject = 'dead' AND ends_dialogue) AS ends
    FROM
    (
        SELECT event_id, causation_id, run_id, dialogue_id, subject, round, produced_at, scenario, slot, attempt, turns, tasks, calls,
            tools, targets, cluster, special_kind, language, declined, repairs, request, type_label, confidence, how,
            ends_dialogue, outcome, prompt_tokens, completion_tokens, cost_usd
        FROM events FINAL
        WHERE dialogue_id != ''
    ) AS e
)
GROUP BY run_id, dialogue_id;

-- One row a replay, with how far it is.
CREATE OR REPLACE VIEW replays AS
SELECT
    started.name AS name, stage, checker, source, run, scenario, sample, since, until, dialogues, started_at,
    ifNull(done.checked, 0) AS checked, ifNull(done.passed, 0) AS passed, ifNull(done.failures, 0) AS failures,
    promoted_at
FROM
(
    SELECT
        JSONExtractString(payload, 'body', 'name') AS name,
        anyIf(JSONExtractString(payload, 'body', 'stage'), body_type = 'ReplayStarted') AS stage,
        anyIf(JSONExtractString(payload, 'body', 'checker'), body_type = 'ReplayStarted') AS checker,
        anyIf(JSONExtractString(payload, 'body', 'source'), body_type = 'ReplayStarted') AS source,
        anyIf(JSONExtractString(payload, 'body', 'selection', 'run'), body_type = 'ReplayStarted') AS run,
        anyIf(JSONExtractString(payload, 'body', 'selection', 'scenario'), body_type = 'ReplayStarted') AS scenario,
        anyIf(JSONExtractFloat(payload, 'body', 'selection', 'sample'), body_type = 'ReplayStarted') AS sample,
        anyIf(JSONExtractString(payload, 'body', 'selection', 'since'), body_type = 'ReplayStarted') AS since,
        anyIf(JSONExtractString(payload, 'body', 'selection', 'until'), body_type = 'ReplayStarted') AS until,
        anyIf(JSONExtractUInt(payload, 'body', 'dialogues'), body_type = 'ReplayStarted') AS dialogues,
        minIf(produced_at, body_type = 'ReplayStarted') AS started_at,
        maxOrNullIf(produced_at, body_type = 'ReplayPromoted') AS promoted_at
    FROM events FINAL
    WHERE run_id = '' AND body_type IN ('ReplayStarted', 'ReplayPromoted')
    GROUP BY name
) AS started
LEFT JOIN
(
    SELECT replay, count() AS checked, countIf(v.passed) AS passed, countIf(failure != '') AS failures
    FROM replay_verdicts AS v FINAL
    GROUP BY replay
) AS done ON done.replay = started.name;

-- Who decided what about a dialogue, as far as it matters to whoever wants to decide anew. `acceptances` are those
-- that count; `is_held` means that a person was asked, `decided` that one answered.
CREATE OR REPLACE VIEW standings AS
SELECT
    run_id,
    dialogue_id,
    groupArrayIf(causation_id, subject = 'review.revoked') AS taken_back,
    arrayFilter(id -> NOT has(taken_back, id), groupArrayIf(event_id, subject = 'review.accepted')) AS acceptances,
    argMaxIf(reviewer, produced_at, subject = 'review.revoked') AS revoked_by,
    countIf(subject = 'review.needed') > 0 AS is_held,
    countIf(subject = 'checked.rule' AND passed) > 0 AS passed_rules,
    countIf(subject IN ('review.accepted', 'review.rejected') AND how != 'automatic') > 0 AS decided
FROM
(
    SELECT run_id, dialogue_id, event_id, causation_id, subject, produced_at, passed, how, reviewer
    FROM events FINAL
    WHERE dialogue_id != ''
        AND subject IN ('checked.rule', 'review.needed', 'review.accepted', 'review.rejected', 'review.revoked')
)
GROUP BY run_id, dialogue_id;
