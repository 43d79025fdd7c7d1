-- What went wrong, by provider, model and kind: how many of their calls, when last, and what was said then.
SELECT
    provider,
    model,
    error_type,
    count(*)                                         AS errors,
    round(1.0 * count(*) / calls, 4)                 AS share,
    max(started_at)                                  AS last_started_at,
    max(CASE WHEN newest = 1 THEN error_message END) AS last_message
FROM (
    SELECT
        provider,
        model,
        error_type,
        error_message,
        status,
        started_at,
        count(*) OVER (PARTITION BY provider, model)                                                      AS calls,
        row_number() OVER (PARTITION BY provider, model, status, error_type ORDER BY started_at DESC, id) AS newest
    FROM report_call
) AS judged
WHERE status = 'error'
GROUP BY provider, model, error_type, calls
ORDER BY errors DESC, provider, model, error_type
