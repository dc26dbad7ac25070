-- Every event of a dialogue, as stored.
SELECT payload
FROM events FINAL
WHERE dialogue_id = {dialogue_id:String}
