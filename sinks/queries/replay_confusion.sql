-- How many dialogues have which old and which new verdict, by who gave the old one, by scenario and by state.
SELECT old, new, old_producer AS producer, of_scenario AS scenario, known.state AS state, count() AS dialogues
FROM pairs
LEFT JOIN
(
    SELECT run_id, dialogue_id, state
    FROM dialogues
    WHERE run_id IN (SELECT run_id FROM replay_verdicts WHERE replay = {replay:String})
) AS known USING (run_id, dialogue_id)
GROUP BY ALL
ORDER BY ALL
