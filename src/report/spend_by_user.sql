-- What was spent for each user, the dearest first.
SELECT
    user_id,
    sum(calls)                                    AS calls,
    sum(iif(status = 'error', calls, 0))          AS errors,
    sum(input_tokens)                             AS input_tokens,
    sum(output_tokens)                            AS output_tokens,
    sum(cost_micro)                               AS cost_usd__micro,
    sum(cost_pico)                                AS cost_usd__pico,
    sum(unpriced)                                 AS unpriced,
    round(sum(duration_us) / 1e3 / sum(timed), 1) AS average_ms
FROM report_hour
GROUP BY user_id
ORDER BY sum(cost_micro) DESC NULLS LAST, sum(cost_pico) DESC, calls DESC, user_id
