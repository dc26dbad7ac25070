-- Slots of a run without an accepted dialogue or one under way, and how often each was tried.
SELECT slot, max(attempt) + 1 AS attempts
FROM dialogues
WHERE run_id = {run_id:String} AND sampled AND isNotNull(slot)
GROUP BY slot
HAVING countIf(state IN ('accepted', 'in_flight')) = 0
ORDER BY slot
