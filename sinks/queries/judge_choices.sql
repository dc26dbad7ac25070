-- The judge's choices of a run by how many candidates it saw: ties, repetitions in reverse order, refusals.
SELECT
    length(shown) AS candidates,
    count() AS choices,
    countIf(length(best) > 1) AS ties,
    countIf(empty(best)) AS unknown,
    countIf(isNotNull(swap_agreed)) AS repeated,
    countIf(swap_agreed) AS agreed,
    countIf(length(best) = 1 AND length(best_again) = 1) AS decided_twice,
    countIf(best = [shown[1]] AND best_again = [shown[-1]]) AS first_twice,
    countIf(best = [shown[-1]] AND best_again = [shown[1]]) AS last_twice,
    countIf(declined != '') AS declined,
    countIf(draft > 0) AS redrafted,
    countIf(given_up) AS given_up
FROM judgements
WHERE run_id = {run_id:String} AND length(shown) > 1
GROUP BY candidates
ORDER BY candidates
