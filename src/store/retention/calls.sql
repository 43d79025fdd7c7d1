-- Calls that are older than ?2.
SELECT id AS key, started_at AS place, started_at AS at FROM usage_log WHERE started_at < ?2 AND created_at < ?2
