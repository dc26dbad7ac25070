-- How a replay was started, and how far it is.
SELECT any(payload) AS started, (SELECT count() FROM replay_verdicts FINAL WHERE replay = {name:String}) AS checked
FROM events
WHERE run_id = '' AND subject = {subject:String}
HAVING count() > 0
