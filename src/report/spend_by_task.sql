-- What each task cost, the dearest first. A call without a task counts under its operation.
-- Parameters: ?1 since, ?2 until, both in UTC; the second is not included.
SELECT
    task,
    count(*)                   AS calls,
    sum(status = 'error')      AS errors,
    sum(input_tokens)          AS input_tokens,
    sum(output_tokens)         AS output_tokens,
    sum(cost_micro)            AS cost_usd__micro,
    sum(cost_pico)             AS cost_usd__pico,
    sum(unpriced)              AS unpriced,
    round(avg(duration_ms), 1) AS average_ms
FROM report_call
WHERE started_at >= ?1 AND started_at < ?2
GROUP BY task
ORDER BY sum(cost_micro) DESC NULLS LAST, sum(cost_pico) DESC, calls DESC, task
