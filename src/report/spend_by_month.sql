-- What each month cost.
SELECT
    period                                                   AS month,
    sum(calls)                                               AS calls,
    sum(CASE status WHEN 'error' THEN calls ELSE 0 END)      AS errors,
    sum(input_tokens)                                        AS input_tokens,
    sum(output_tokens)                                       AS output_tokens,
    sum(cost_micro)                                          AS cost_usd__micro,
    sum(cost_pico)                                           AS cost_usd__pico,
    sum(unpriced)                                            AS unpriced,
    round(sum(duration_us) / 1e3 / nullif(sum(timed), 0), 1) AS average_ms
FROM report_hour
GROUP BY period
ORDER BY min(first_started_at)
