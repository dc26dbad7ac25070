-- How often each place in the list won a choice that was no tie, by how many candidates the judge saw.
SELECT length(shown) AS candidates, place, count() AS won
FROM judgements
WHERE run_id = {run_id:String} AND length(shown) > 1 AND isNotNull(place)
GROUP BY candidates, place
ORDER BY candidates, place
