-- Rounds that were drafted (a closing is the end of one, not another), their candidates, and those that call tools.
SELECT
    count() AS rounds,
    sum(length(moves)) AS candidates,
    sum(arrayCount(calls -> calls > 0, moves)) AS calling
FROM
(
    SELECT arrayMap(
        candidate -> length(arrayFlatten(candidate.1.calls)),
        JSONExtract(payload, 'body', 'candidates', 'Array(Tuple(messages Array(Tuple(calls Array(Tuple(name String))))))')
    ) AS moves
    FROM events FINAL
    WHERE run_id = {run_id:String}
        AND subject = 'dialogue.candidates'
        AND NOT JSONExtractBool(payload, 'body', 'closing')
)
