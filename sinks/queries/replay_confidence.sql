-- The model checker's confidence, old and new, over the dialogues that have both: quantiles (5, 25, 50, 75, 95 %), the
-- mean shift, and how many are in each tenth from 0 to 1.
SELECT
    count() AS dialogues,
    avg(new_confidence - old_confidence) AS shift,
    quantilesExactInclusive(0.05, 0.25, 0.5, 0.75, 0.95)(assumeNotNull(old_confidence)) AS old_quantiles,
    quantilesExactInclusive(0.05, 0.25, 0.5, 0.75, 0.95)(assumeNotNull(new_confidence)) AS new_quantiles,
    sumForEach(arrayMap(tenth -> toUInt64(tenth = least(9, floor(assumeNotNull(old_confidence) * 10 + 1e-9))), range(10)))
        AS old_tenths,
    sumForEach(arrayMap(tenth -> toUInt64(tenth = least(9, floor(assumeNotNull(new_confidence) * 10 + 1e-9))), range(10)))
        AS new_tenths
FROM pairs
WHERE old != 'none' AND new != 'none' AND isNotNull(old_confidence) AND isNotNull(new_confidence)
HAVING dialogues > 0
