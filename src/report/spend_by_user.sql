-- What was spent for each user, the dearest first; names and e-mail addresses where they were imported.
SELECT
    user_id,
    ai_user.name,
    ai_user.email,
    calls,
    errors,
    input_tokens,
    output_tokens,
    cost_usd__micro,
    cost_usd__pico,
    unpriced,
    average_ms
FROM (
    SELECT
        user_id,
        sum(calls)                                               AS calls,
        sum(CASE status WHEN 'error' THEN calls ELSE 0 END)      AS errors,
        sum(input_tokens)                                        AS input_tokens,
        sum(output_tokens)                                       AS output_tokens,
        sum(cost_micro)                                          AS cost_usd__micro,
        sum(cost_pico)                                           AS cost_usd__pico,
        sum(unpriced)                                            AS unpriced,
        round(sum(duration_us) / 1e3 / nullif(sum(timed), 0), 1) AS average_ms
    FROM report_hour
    GROUP BY user_id
) AS spent
LEFT JOIN ai_user ON ai_user.id = spent.user_id
ORDER BY
    cost_usd__micro + cost_usd__pico / 1000000 DESC NULLS LAST, cost_usd__pico % 1000000 DESC, calls DESC,
    user_id
