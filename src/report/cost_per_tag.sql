-- What one value of a tag costs on average (an image, a document), split by model; `total_per_value_usd` is all models together.
--
-- The divisor is the number of values that the tag has in all calls, so that the models' shares add up to the total.
SELECT
    tag,
    model,
    calls,
    errors,
    input_tokens,
    output_tokens,
    cost_micro AS cost_usd__micro,
    cost_pico  AS cost_usd__pico,
    unpriced,
    tag_values,
    cost_micro                              AS cost_per_value_usd__micro,
    cost_pico                               AS cost_per_value_usd__pico,
    tag_values                              AS cost_per_value_usd__over,
    sum(cost_micro) OVER (PARTITION BY tag) AS total_per_value_usd__micro,
    sum(cost_pico) OVER (PARTITION BY tag)  AS total_per_value_usd__pico,
    tag_values                              AS total_per_value_usd__over
FROM (
    SELECT
        tag,
        model,
        sum(calls)                                  AS calls,
        sum(errors)                                 AS errors,
        sum(input_tokens)                           AS input_tokens,
        sum(output_tokens)                          AS output_tokens,
        sum(cost_micro)                             AS cost_micro,
        sum(cost_pico)                              AS cost_pico,
        sum(unpriced)                               AS unpriced,
        sum(sum(new_value)) OVER (PARTITION BY tag) AS tag_values
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
            sum(unpriced)                                   AS unpriced,
            -- A value is counted once, with the first of its models; one that is NULL is none.
            CASE WHEN value IS NOT NULL AND row_number() OVER (PARTITION BY tag, value ORDER BY model) = 1
                THEN 1 ELSE 0 END                           AS new_value
        FROM report_call_tag
        GROUP BY tag, value, model
    ) AS of_value
    GROUP BY tag, model
) AS spent
ORDER BY tag, cost_micro + cost_pico / 1000000 DESC NULLS LAST, cost_pico % 1000000 DESC, model
