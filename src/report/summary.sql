-- Everything in one line: calls, tokens, cost, how long they took, the first and the last.
SELECT
    coalesce(sum(calls), 0)                                          AS calls,
    coalesce(sum(CASE status WHEN 'error' THEN calls ELSE 0 END), 0) AS errors,
    sum(input_tokens)                                                AS input_tokens,
    sum(output_tokens)                                               AS output_tokens,
    sum(cache_read_tokens)                                           AS cache_read_tokens,
    sum(cache_write_tokens)                                          AS cache_write_tokens,
    sum(reasoning_tokens)                                            AS reasoning_tokens,
    sum(cost_micro)                                                  AS cost_usd__micro,
    sum(cost_pico)                                                   AS cost_usd__pico,
    coalesce(sum(unpriced), 0)                                       AS unpriced,
    coalesce(sum(estimated), 0)                                      AS estimated,
    round(sum(duration_us) / 1e3 / nullif(sum(timed), 0), 1)         AS average_ms,
    min(first_started_at)                                            AS first_started_at,
    max(last_started_at)                                             AS last_started_at
FROM report_hour
