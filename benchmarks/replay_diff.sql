-- A replay of many dialogues, some of them at a time: six events of each with hardly a payload, and a new verdict.

INSERT INTO events
    (event_id, subject, run_id, dialogue_id, causation_id, produced_at, producer, schema_version, payload)
SELECT
    toUUID(UUIDNumToString(MD5(concat(kind, toString(number))))),
    if(kind = 'end', if(empty(failed), 'review.accepted', 'review.needed'), kind),
    concat('run', toString(number % 4)),
    lower(hex(MD5(toString(number)))),
    toUUID(UUIDNumToString(MD5(concat(cause, toString(number))))),
    toDateTime64('2026-01-01 00:00:00', 6, 'UTC') + number % 86400,
    'rule-checker@1+old',
    1,
    concat(
        '{"body":{"type":"', type, '"',
        if(kind = 'checked.rule', concat(',"passed":', if(empty(failed), 'true', 'false'), ',"findings":[',
            if(empty(failed), '', concat('{"rule":"', failed, '","severity":"error"}')), ']'), ''),
        if(kind = 'end', ',"how":"automatic"', ''),
        ',"dialogue":{"scenario":"', ['single-single', 'single-multi', 'multi-single', 'multi-multi'][number % 4 + 1],
        '"}}}')
FROM
(
    SELECT number, if(number % 8 = 0, concat('rule_', toString(intDiv(number, 8) % 30)), '') AS failed
    FROM numbers({first:UInt64}, {rows:UInt64})
)
ARRAY JOIN
    ['tools.sampled', 'dialogue.candidates', 'dialogue.judged.done', 'checked.rule', 'llm.called', 'end'] AS kind,
    ['request', 'tools.sampled', 'dialogue.candidates', 'dialogue.judged.done', 'checked.rule', 'checked.rule'] AS cause,
    ['ToolsSampled', 'CandidatesDrafted', 'Judged', 'RuleChecked', 'LLMCalled', 'Ended'] AS type;

INSERT INTO replay_verdicts
    (replay, run_id, dialogue_id, input_id, scenario, producer, passed, error_rules, findings, failure, checked_at)
SELECT
    'large',
    concat('run', toString(number % 4)),
    lower(hex(MD5(toString(number)))),
    toUUID(UUIDNumToString(MD5(concat('dialogue.judged.done', toString(number))))),
    ['single-single', 'single-multi', 'multi-single', 'multi-multi'][number % 4 + 1],
    'rule-checker@2+new',
    empty(rules),
    rules,
    '[]',
    if(number % 1001 = 0, 'no usable answer', ''),
    now64(6)
FROM
(
    SELECT
        number,
        arraySort(arrayDistinct(arrayConcat(
            if(number % 16 = 0, [concat('rule_', toString(intDiv(number, 8) % 30))], []),
            if(number % 23 = 0, [concat('rule_', toString(intDiv(number, 23) % 30))], [])))) AS rules
    FROM numbers({first:UInt64}, {rows:UInt64})
);
