-- What the ledger knows of each model in each hour, and what of it explains a difference to a provider's figures.
SELECT
    period,
    coalesce(response_model, request_model) AS answered,
    count(*) AS calls,
    count(*) FILTER (WHERE status = 'error' AND coalesce(input_tokens, output_tokens) IS NULL) AS failed,
    count(*) FILTER (WHERE ending = 'cancelled') AS abandoned,
    count(*) FILTER (WHERE usage_source IN ('partial', 'estimated')) AS uncertain,
    count(*) FILTER (WHERE status = 'success' AND coalesce(input_tokens, output_tokens) IS NULL) AS silent,
    sum(unpriced) AS unpriced,
    count(*) FILTER (WHERE pricing_status = 'partial') AS partly_priced,
    sum(input_tokens) AS input_tokens,
    sum(cache_read_tokens) AS cache_read_tokens,
    sum(cache_write_tokens) AS cache_write_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_micro) AS cost_micro,
    sum(cost_pico) AS cost_pico
FROM report_call
GROUP BY period, coalesce(response_model, request_model)
ORDER BY period, answered
