-- How many streams told no usage because nobody asked for it.
SELECT count(*) AS streams
FROM report_call
JOIN report_silent_stream ON report_silent_stream.id = report_call.id
WHERE how IS NOT NULL
