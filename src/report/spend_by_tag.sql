-- What the calls with each value of each tag cost, the dearest first. A call with two tags counts under each.
SELECT
    tag,
    value,
    count(*)                                        AS calls,
    sum(CASE status WHEN 'error' THEN 1 ELSE 0 END) AS errors,
    sum(input_tokens)                               AS input_tokens,
    sum(output_tokens)                              AS output_tokens,
    sum(cost_micro)                                 AS cost_usd__micro,
    sum(cost_pico)                                  AS cost_usd__pico,
    sum(unpriced)                                   AS unpriced,
    round(avg(duration_ms), 1)                      AS average_ms
FROM report_call_tag
GROUP BY tag, value
ORDER BY
    sum(cost_micro) + sum(cost_pico) / 1000000 DESC NULLS LAST, sum(cost_pico) % 1000000 DESC, calls DESC,
    tag, value
