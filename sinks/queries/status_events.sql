-- Events of a run by subject, with the run's first and last moment and the slots asked for.
SELECT
    subject,
    count() AS events,
    min(produced_at) AS first_at,
    max(produced_at) AS last_at,
    if(subject = 'runs.requested', max(requested_end) - min(requested_first), 0) AS target
FROM events FINAL
WHERE run_id = {run_id:String}
GROUP BY subject
ORDER BY subject
