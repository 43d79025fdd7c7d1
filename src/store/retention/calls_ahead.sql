-- Calls that claim to begin after ?3, and arrived before ?2.
SELECT id AS key, started_at AS place, started_at AS at FROM usage_log WHERE started_at > ?3 AND created_at < ?2
