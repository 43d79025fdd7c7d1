-- What was said in calls that claim to begin after ?3, and arrived before ?2.
SELECT call_id AS key, started_at AS place, started_at AS at FROM ai_call_content WHERE started_at > ?3 AND created_at < ?2
