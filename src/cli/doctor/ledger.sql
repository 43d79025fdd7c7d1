-- When the newest call was made.
SELECT max(started_at) AS started_at FROM usage_log
