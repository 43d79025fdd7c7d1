-- What each job cost, the dearest first. Calls without a job are one line.
SELECT
    job_id,
    count(*)                                        AS calls,
    sum(CASE status WHEN 'error' THEN 1 ELSE 0 END) AS errors,
    sum(input_tokens)                               AS input_tokens,
    sum(output_tokens)                              AS output_tokens,
    sum(cost_micro)                                 AS cost_usd__micro,
    sum(cost_pico)                                  AS cost_usd__pico,
    sum(unpriced)                                   AS unpriced,
    round(avg(duration_ms), 1)                      AS average_ms,
    min(started_at)                                 AS first_started_at,
    max(started_at)                                 AS last_started_at
FROM report_call
GROUP BY job_id
ORDER BY
    sum(cost_micro) + sum(cost_pico) / 1000000 DESC NULLS LAST, sum(cost_pico) % 1000000 DESC, calls DESC,
    job_id
