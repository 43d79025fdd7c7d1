-- What was said in calls that are older than ?2.
SELECT call_id AS key, started_at AS place, started_at AS at FROM ai_call_content WHERE started_at < ?2 AND created_at < ?2
