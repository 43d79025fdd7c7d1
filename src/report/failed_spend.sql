-- What was spent on calls that failed, and on those that their callers abandoned; `share` is of all that the model cost.
SELECT
    provider,
    model,
    calls,
    errors,
    error_micro AS error_cost_usd__micro,
    error_pico  AS error_cost_usd__pico,
    abandoned,
    abandoned_micro AS abandoned_cost_usd__micro,
    abandoned_pico  AS abandoned_cost_usd__pico,
    cost_micro      AS cost_usd__micro,
    cost_pico       AS cost_usd__pico,
    unpriced,
    round((coalesce(error_micro + error_pico / 1e6, 0) + coalesce(abandoned_micro + abandoned_pico / 1e6, 0))
        / nullif(cost_micro + cost_pico / 1e6, 0), 4) AS share
FROM (
    SELECT
        provider,
        model,
        count(*)                                              AS calls,
        count(CASE WHEN lost = 'error' THEN 1 END)            AS errors,
        sum(CASE WHEN lost = 'error' THEN cost_micro END)     AS error_micro,
        sum(CASE WHEN lost = 'error' THEN cost_pico END)      AS error_pico,
        count(CASE WHEN lost = 'abandoned' THEN 1 END)        AS abandoned,
        sum(CASE WHEN lost = 'abandoned' THEN cost_micro END) AS abandoned_micro,
        sum(CASE WHEN lost = 'abandoned' THEN cost_pico END)  AS abandoned_pico,
        sum(cost_micro)                                       AS cost_micro,
        sum(cost_pico)                                        AS cost_pico,
        sum(unpriced)                                         AS unpriced
    FROM (
        SELECT
            provider, model, cost_micro, cost_pico, unpriced,
            CASE WHEN status = 'error' THEN 'error' WHEN ending = 'cancelled' THEN 'abandoned' END AS lost
        FROM report_call
    ) AS judged
    GROUP BY provider, model
) AS spent
WHERE errors + abandoned > 0
ORDER BY
    coalesce(error_micro, 0) + coalesce(abandoned_micro, 0)
        + (coalesce(error_pico, 0) + coalesce(abandoned_pico, 0)) / 1000000 DESC,
    (coalesce(error_pico, 0) + coalesce(abandoned_pico, 0)) % 1000000 DESC,
    provider, model
