-- Scores and other facts that arrived before ?2, whose call never came.
SELECT call_id AS key, call_id AS place, created_at AS at FROM ai_call_score
WHERE created_at < ?2 AND NOT EXISTS (SELECT 1 FROM usage_log WHERE usage_log.id = ai_call_score.call_id)
