-- What people said of the dialogues of a run: 1 where one is sound as it was, 0 where it was revised or rejected.
SELECT dialogue_id, toUInt8(countIf(how = 'approved') = count()) AS sound
FROM events FINAL
WHERE run_id = {run_id:String}
    AND subject IN ('review.accepted', 'review.rejected')
    AND how NOT IN ('', 'automatic')
GROUP BY dialogue_id
