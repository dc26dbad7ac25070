-- The replays there are, the newest first.
SELECT
    name, stage, checker, source, run, scenario, sample, since, until, dialogues, started_at, checked, passed, failures,
    promoted_at
FROM replays
ORDER BY started_at DESC, name
