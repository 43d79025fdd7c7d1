-- What each model cost for each value of each tag, and what all models cost for it (`value_cost_usd`).
SELECT
    tag,
    value,
    model,
    calls,
    errors,
    input_tokens,
    output_tokens,
    cost_micro AS cost_usd__micro,
    cost_pico  AS cost_usd__pico,
    unpriced,
    average_ms,
    sum(cost_micro) OVER (PARTITION BY tag, value) AS value_cost_usd__micro,
    sum(cost_pico) OVER (PARTITION BY tag, value)  AS value_cost_usd__pico
FROM (
    SELECT
        tag,
        value,
        model,
        count(*)                                        AS calls,
        sum(CASE status WHEN 'error' THEN 1 ELSE 0 END) AS errors,
        sum(input_tokens)                               AS input_tokens,
        sum(output_tokens)                              AS output_tokens,
        sum(cost_micro)                                 AS cost_micro,
        sum(cost_pico)                                  AS cost_pico,
        sum(unpriced)                                   AS unpriced,
        round(avg(duration_ms), 1)                      AS average_ms
    FROM report_call_tag
    GROUP BY tag, value, model
) AS spent
ORDER BY tag, value, cost_micro + cost_pico / 1000000 DESC NULLS LAST, cost_pico % 1000000 DESC, model
