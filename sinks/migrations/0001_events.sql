-- Every event of every run, once. A migration may run twice (a crash half-way), so each statement must be
-- harmless when repeated.

-- The key holds the event's identity, so a repeated event replaces its twin; read with FINAL, or through the
-- views. There is no partition key: twins could otherwise sit in two partitions and never meet.
-- Columns after `payload` are derived from it at insert, so that the usual questions never parse JSON.
CREATE TABLE IF NOT EXISTS events
(
    event_id UUID COMMENT 'Derived from the cause: the same work done twice gives the same id',
    subject LowCardinality(String) COMMENT 'What happened, e.g. dialogue.judged.done',
    run_id String COMMENT 'The run it belongs to',
    dialogue_id String COMMENT 'The dialogue it belongs to; empty for events of a whole run',
    round Int32 COMMENT '1-based number of the user turn; 0 before the first',
    causation_id Nullable(UUID) COMMENT 'The event that led to this one; NULL for a request of a run',
    produced_at DateTime64(6, 'UTC') COMMENT 'By the clock of the producer',
    producer LowCardinality(String) COMMENT 'Stage and version, e.g. judge@1+3f9c2a1d',
    schema_version UInt16 COMMENT 'Version of the event schema it was written with',
    inserted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When this store took it in',
    payload String CODEC(ZSTD(3)) COMMENT 'The whole envelope as JSON',

    body_type LowCardinality(String) MATERIALIZED JSONExtractString(payload, 'body', 'type')
        COMMENT 'Type of the body, e.g. RuleChecked',

    scenario LowCardinality(String) MATERIALIZED JSONExtractString(payload, 'body', 'dialogue', 'scenario')
        COMMENT 'single-single, single-multi, multi-single, multi-multi or special; empty without a dialogue',
    slot Nullable(UInt32) MATERIALIZED
        JSONExtract(payload, 'body', 'dialogue', 'slot', 'index', 'Nullable(UInt32)')
        COMMENT 'Place in the run that the dialogue is to fill; NULL when it drives none',
    attempt UInt16 MATERIALIZED JSONExtractUInt(payload, 'body', 'dialogue', 'slot', 'attempt')
        COMMENT 'How often the slot was sampled before',
    type_label String MATERIALIZED JSONExtractString(payload, 'body', 'dialogue', 'type_label')
        COMMENT 'The judge''s name for the type of problem',
    special_kind LowCardinality(String) MATERIALIZED arrayFirst(
        kind -> kind IN ('no_tool', 'almost', 'cannot_fill', 'invalid_value', 'change_mind', 'partial'),
        JSONExtract(payload, 'body', 'dialogue', 'turns', 'Array(Tuple(kind String))').kind)
        COMMENT 'What makes a special dialogue special, e.g. no_tool; empty for the other scenarios',
    cluster String MATERIALIZED JSONExtractString(payload, 'body', 'dialogue', 'cluster')
        COMMENT 'Group of kin tools whose memory the dialogue reads and feeds',
    language LowCardinality(String) MATERIALIZED if(scenario = '', '', coalesce(
        nullIf(JSONExtractString(payload, 'body', 'dialogue', 'language'), ''), 'English'))
        COMMENT 'Language of the user, by English name; empty without a dialogue',
    declined String MATERIALIZED JSONExtractString(payload, 'body', 'dialogue', 'declined')
        COMMENT 'Why the judge ended the dialogue: no candidate of a round was fit',
    targets Array(String) MATERIALIZED JSONExtract(payload, 'body', 'dialogue', 'targets', 'Array(String)')
        COMMENT 'Names of the tools that the dialogue is about',
    tools Array(String) MATERIALIZED
        JSONExtract(payload, 'body', 'dialogue', 'tools', 'Array(Tuple(name String))').name
        COMMENT 'Names of the tools on the table',
    tasks UInt16 MATERIALIZED arraySum(turn -> if(
        turn.1 IN ('request', 'withhold', 'no_tool', 'invalid_value', 'almost', 'change_mind', 'partial'),
        length(turn.2), 0),
        JSONExtract(payload, 'body', 'dialogue', 'turns', 'Array(Tuple(kind String, tasks Array(Tuple(tool String))))'))
        COMMENT 'Tasks that the plan of the dialogue brings up; its other turns go on with one',
    turns UInt16 MATERIALIZED countEqual(
        JSONExtract(payload, 'body', 'dialogue', 'messages', 'Array(Tuple(role String))').role, 'user')
        COMMENT 'User messages so far',
    calls Array(String) MATERIALIZED arrayFlatten(JSONExtract(
        payload, 'body', 'dialogue', 'messages', 'Array(Tuple(calls Array(Tuple(name String))))').calls.name)
        COMMENT 'Names of the tools called so far, one a call',
    request String MATERIALIZED
        JSONExtractString(payload, 'body', 'dialogue', 'messages', 1, 'content')
        COMMENT 'The first message: what the user asks for',

    shown Array(UInt8) MATERIALIZED JSONExtract(payload, 'body', 'shown', 'Array(UInt8)')
        COMMENT 'Candidates in the order in which the judge saw them; empty where there was no choice',
    chosen UInt8 MATERIALIZED JSONExtractUInt(payload, 'body', 'chosen')
        COMMENT 'The candidate that the judge chose; they are numbered from 0',
    tied Array(UInt8) MATERIALIZED JSONExtract(payload, 'body', 'tied', 'Array(UInt8)')
        COMMENT 'Candidates of equal worth between which the lot decided',
    draft UInt16 MATERIALIZED if(
        body_type IN ('Judged', 'CandidatesDrafted'), JSONExtractUInt(payload, 'body', 'attempt'), 0)
        COMMENT 'How often the candidates of the round had been declined before',
    draft_declined String MATERIALIZED JSONExtractString(payload, 'body', 'declined')
        COMMENT 'Why the judge found none of these candidates fit',
    swap_agreed Nullable(Bool) MATERIALIZED JSONExtract(payload, 'body', 'swap', 'agreed', 'Nullable(Bool)')
        COMMENT 'Whether the judge chose alike in reverse order; NULL where it was not asked again',
    swap_best Array(UInt8) MATERIALIZED JSONExtract(payload, 'body', 'swap', 'best', 'Array(UInt8)')
        COMMENT 'Candidates that came out best in the first of two orders',
    swap_best_again Array(UInt8) MATERIALIZED JSONExtract(payload, 'body', 'swap', 'best_again', 'Array(UInt8)')
        COMMENT 'Candidates that came out best in the second of two orders',

    passed Nullable(Bool) MATERIALIZED JSONExtract(payload, 'body', 'passed', 'Nullable(Bool)')
        COMMENT 'Verdict of the rule checker or the model checker',
    confidence Nullable(Float64) MATERIALIZED JSONExtract(payload, 'body', 'confidence', 'Nullable(Float64)')
        COMMENT 'The model checker''s, in [0, 1]',
    error_rules Array(LowCardinality(String)) MATERIALIZED arraySort(arrayDistinct(arrayMap(
        finding -> finding.1, arrayFilter(finding -> finding.2 = 'error', JSONExtract(
            payload, 'body', if(body_type = 'RuleChecked', 'findings', 'rule_findings'),
            'Array(Tuple(rule String, severity String))')))))
        COMMENT 'Rules that found an error in the dialogue',
    reasons Array(String) MATERIALIZED JSONExtract(payload, 'body', 'reasons', 'Array(String)')
        COMMENT 'Why a review is needed, or why the dialogue was rejected',
    how LowCardinality(String) MATERIALIZED JSONExtractString(payload, 'body', 'how')
        COMMENT 'How a review was decided: automatic, or by a person (approved, revised, rejected)',
    reviewer String MATERIALIZED JSONExtractString(payload, 'body', 'by')
        COMMENT 'Who decided a review',

    role LowCardinality(String) MATERIALIZED JSONExtractString(payload, 'body', 'role')
        COMMENT 'The LLM role that called a model',
    model LowCardinality(String) MATERIALIZED JSONExtractString(payload, 'body', 'model')
        COMMENT 'The model called',
    prompt_version LowCardinality(String) MATERIALIZED JSONExtractString(payload, 'body', 'prompt_version')
        COMMENT 'Version of the prompt of the role',
    outcome LowCardinality(String) MATERIALIZED JSONExtractString(payload, 'body', 'outcome')
        COMMENT 'ok, or how the call failed',
    prompt_tokens UInt32 MATERIALIZED JSONExtractUInt(payload, 'body', 'prompt_tokens')
        COMMENT 'Tokens read by the model',
    completion_tokens UInt32 MATERIALIZED JSONExtractUInt(payload, 'body', 'completion_tokens')
        COMMENT 'Tokens written by the model',
    cached_tokens UInt32 MATERIALIZED JSONExtractUInt(payload, 'body', 'cached_tokens')
        COMMENT 'Those of prompt_tokens that the endpoint had cached',
    cost_usd Float64 MATERIALIZED JSONExtractFloat(payload, 'body', 'cost_usd')
        COMMENT 'Cost of the call in US dollars',
    latency_s Float64 MATERIALIZED JSONExtractFloat(payload, 'body', 'latency_s')
        COMMENT 'Seconds from request to reply',

    ends_dialogue Bool MATERIALIZED JSONExtractBool(payload, 'body', 'ends_dialogue')
        COMMENT 'Whether a dead letter ended its dialogue',
    error String MATERIALIZED JSONExtractString(payload, 'body', 'error')
        COMMENT 'What went wrong, of a dead letter or a failed call',

    requested_first UInt32 MATERIALIZED JSONExtractUInt(payload, 'body', 'first')
        COMMENT 'First slot that a request of a run asks for',
    requested_end UInt32 MATERIALIZED JSONExtractUInt(payload, 'body', 'end')
        COMMENT 'One past the last slot that a request of a run asks for',

    INDEX dialogue_index dialogue_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree
ORDER BY (run_id, dialogue_id, event_id)
-- The window makes insert_deduplication_token work outside a replicated cluster; it is off by default.
-- fsync: the sink acknowledges an event once it is inserted, so inserted has to mean on disk.
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Every event of every run';
