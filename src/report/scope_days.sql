-- The days in UTC on which calls were made: one look into the index for each.
-- Parameters: ?1 since, ?2 until; the second is not included.
WITH RECURSIVE day (first) AS (
    SELECT min(started_at) FROM usage_log WHERE started_at >= ?1
    UNION ALL
    SELECT (SELECT min(started_at) FROM usage_log WHERE started_at >= substr(day.first, 1, 10) || '!')
    FROM day WHERE day.first < ?2
)
SELECT substr(first, 1, 10) FROM day WHERE first < ?2
