-- The same, from the sums of hours.
SELECT
    coalesce(sum(calls), 0)                                             AS calls,
    coalesce(sum(CASE WHEN status = 'error' THEN calls ELSE 0 END), 0)  AS errors,
    sum(input_tokens)                                                   AS input_tokens,
    sum(output_tokens)                                                  AS output_tokens,
    sum(cost_micro)                                                     AS cost_usd__micro,
    sum(cost_pico)                                                      AS cost_usd__pico,
    coalesce(sum(unpriced), 0)                                          AS unpriced
FROM report_hour
