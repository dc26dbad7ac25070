-- Where the dialogues of a run are, by scenario. A state is counted whether or not the dialogue's start is
-- in the store, so that the sum of the states proves something.
SELECT
    scenario,
    countIf(sampled) AS sampled,
    countIf(state = 'accepted') AS accepted,
    countIf(state = 'needs_review') AS needs_review,
    countIf(state = 'rejected') AS rejected,
    countIf(state = 'dead') AS dead,
    countIf(state = 'in_flight') AS in_flight,
    countIf(conflict) AS conflicts
FROM dialogues
WHERE run_id = {run_id:String}
GROUP BY scenario
ORDER BY scenario
