-- Rules that raised in a replay instead of giving a verdict, with the exception and one of its messages. `alone` are
-- dialogues that fail for nothing else.
SELECT rule, exception, count() AS dialogues, countIf(only) AS alone, min(problem) AS example
FROM
(
    SELECT
        run_id,
        dialogue_id,
        error_rules = ['rule_error'] AS only,
        finding.2 AS problem,
        extract(problem, '^the rule [''"](.*?)[''"] failed: ') AS rule,
        extract(problem, ' failed: (\\w+): ') AS exception
    FROM replay_verdicts FINAL
    ARRAY JOIN JSONExtract(findings, 'Array(Tuple(rule String, problem String))') AS finding
    WHERE replay = {replay:String} AND failure = '' AND has(error_rules, 'rule_error') AND finding.1 = 'rule_error'
    LIMIT 1 BY run_id, dialogue_id, rule, exception
)
GROUP BY rule, exception
ORDER BY dialogues DESC, rule, exception
LIMIT {limit:UInt32}
