-- What went wrong, by provider, model and kind: how many of their calls, when last, and what was said then.
SELECT
    failed.provider,
    failed.model,
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
        started_at,
        row_number() OVER (PARTITION BY provider, model, error_type ORDER BY started_at DESC, id) AS newest
    FROM report_call
    WHERE status = 'error'
) AS failed
JOIN (
    SELECT provider, model, count(*) AS calls
    FROM report_call
    GROUP BY provider, model
) AS made ON made.provider = failed.provider AND made.model IS NOT DISTINCT FROM failed.model
GROUP BY failed.provider, failed.model, error_type, calls
ORDER BY errors DESC, failed.provider, failed.model, error_type
