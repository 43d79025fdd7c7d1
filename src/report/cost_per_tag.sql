-- What one value of a tag costs on average (an image, a document), split by model; `total_per_value_usd` is all models together.
--
-- The divisor is the number of values that the tag has in all calls, so that the models' shares add up to the total.
SELECT
    spent.tag,
    model,
    calls,
    errors,
    input_tokens,
    output_tokens,
    cost_micro AS cost_usd__micro,
    cost_pico  AS cost_usd__pico,
    unpriced,
    tag_values,
    cost_micro                                    AS cost_per_value_usd__micro,
    cost_pico                                     AS cost_per_value_usd__pico,
    tag_values                                    AS cost_per_value_usd__over,
    sum(cost_micro) OVER (PARTITION BY spent.tag) AS total_per_value_usd__micro,
    sum(cost_pico) OVER (PARTITION BY spent.tag)  AS total_per_value_usd__pico,
    tag_values                                    AS total_per_value_usd__over
FROM (
    SELECT
        tag,
        model,
        count(*)                                        AS calls,
        sum(CASE status WHEN 'error' THEN 1 ELSE 0 END) AS errors,
        sum(input_tokens)                               AS input_tokens,
        sum(output_tokens)                              AS output_tokens,
        sum(cost_micro)                                 AS cost_micro,
        sum(cost_pico)                                  AS cost_pico,
        sum(unpriced)                                   AS unpriced
    FROM report_call
    JOIN report_tag ON report_tag.id = report_call.id
    GROUP BY tag, model
) AS spent
JOIN (
    SELECT tag, count(DISTINCT value) AS tag_values
    FROM report_call
    JOIN report_tag ON report_tag.id = report_call.id
    GROUP BY tag
) AS counted ON counted.tag = spent.tag
ORDER BY spent.tag, cost_micro + cost_pico / 1000000 DESC NULLS LAST, cost_pico % 1000000 DESC, model
