-- Streams that were answered to their end and told no usage, by model and task, and how to get it.
SELECT
    provider,
    model,
    task,
    count(*)                                                          AS calls,
    sum(CASE usage_source WHEN 'estimated' THEN 1 ELSE 0 END)         AS estimated,
    max(started_at)                                                   AS last_started_at,
    how
FROM report_call
JOIN report_silent_stream ON report_silent_stream.id = report_call.id
GROUP BY provider, model, task, how
ORDER BY calls DESC, provider, model, task, how
