-- Streams that were answered to their end and told no usage, by model and task, and how to get it.
--
-- What makes a stream silent is said once more, beside `report_silent_stream`, for the index that holds only such streams.
SELECT
    report_call.provider,
    report_call.model,
    report_call.task,
    count(*)                                                              AS calls,
    sum(CASE report_call.usage_source WHEN 'estimated' THEN 1 ELSE 0 END) AS estimated,
    max(report_call.started_at)                                           AS last_started_at,
    how
FROM report_call
JOIN report_silent_stream AS silent ON silent.id = report_call.id
WHERE report_call.streamed = 1 AND report_call.usage_source IN ('none', 'estimated')
  AND report_call.status = 'success' AND report_call.ending = 'complete'
GROUP BY report_call.provider, report_call.model, report_call.task, how
ORDER BY calls DESC, report_call.provider, report_call.model, report_call.task, how
