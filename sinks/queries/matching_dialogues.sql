-- Dialogues whose id starts with a prefix, an exact match first.
SELECT DISTINCT dialogue_id
FROM events
WHERE dialogue_id != '' AND startsWith(dialogue_id, {prefix:String})
ORDER BY dialogue_id = {prefix:String} DESC, dialogue_id
LIMIT 6
