-- The models that were used, the most used first, with what a price list may call them.
SELECT
    model_identifier,
    model_alias,
    provider,
    max(coalesce(request_model, response_model))       AS called,
    max(response_model)                                AS answered,
    count(*)                                           AS calls,
    sum(CASE status WHEN 'error' THEN 1 ELSE 0 END)    AS errors,
    sum(input_tokens)                                  AS input_tokens,
    sum(output_tokens)                                 AS output_tokens,
    sum(CASE usage_source WHEN 'estimated' THEN 1 ELSE 0 END) AS estimated,
    sum(cost_micro)                                    AS cost_usd__micro,
    sum(cost_pico)                                     AS cost_usd__pico,
    sum(unpriced)                                      AS unpriced,
    min(started_at)                                    AS first_started_at,
    max(started_at)                                    AS last_started_at
FROM report_call
GROUP BY model_identifier, model_alias, provider
ORDER BY calls DESC, model_identifier, model_alias, provider
