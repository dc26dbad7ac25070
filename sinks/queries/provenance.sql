-- Who made a run: the versions of its stages, and the models called.
SELECT
    groupUniqArrayIf(producer, subject NOT IN ('llm.called', 'runs.requested')) AS producers,
    groupUniqArrayIf(model, model != '') AS models,
    min(produced_at) AS started_at
FROM events FINAL
WHERE run_id = {run_id:String}
