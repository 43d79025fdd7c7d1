-- How many streams told no usage because nobody asked for it.
-- Parameters: since and until, in UTC; the second is not included. Filters follow.
SELECT count(*) AS streams
FROM report_silent_stream AS call
WHERE how IS NOT NULL AND call.started_at >= ? AND call.started_at < ?
