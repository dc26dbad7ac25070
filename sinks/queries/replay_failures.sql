-- Why dialogues of a replay have no verdict, the most common reason first; a long one is cut.
SELECT substringUTF8(failure, 1, 300) AS reason, count() AS dialogues
FROM replay_verdicts FINAL
WHERE replay = {replay:String} AND failure != ''
GROUP BY reason
ORDER BY dialogues DESC, reason
LIMIT {limit:UInt32}
