-- Of the calls that count since a moment: how many there are, how many have no price, how many streams tell no usage, and
-- the last row that arrived.
SELECT
    count(*) AS calls,
    coalesce(sum(CASE WHEN cost_picousd IS NULL AND (status = 'success' OR coalesce(input_tokens, output_tokens) IS NOT NULL)
                      THEN 1 ELSE 0 END), 0) AS unpriced,
    coalesce(sum(CASE WHEN streamed = 1 THEN 1 ELSE 0 END), 0) AS streams,
    coalesce(sum(CASE WHEN streamed = 1 AND usage_source = 'none' AND status = 'success' THEN 1 ELSE 0 END), 0) AS without_usage,
    max(created_at) AS created_at
FROM usage_log
WHERE billable = 1 AND started_at >= ?
