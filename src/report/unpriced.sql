-- Calls that could not be priced, by model, with their tokens: what a price would have to cover.
SELECT
    provider,
    model,
    operation,
    count(*)                AS calls,
    count(*)                AS unpriced,
    sum(input_tokens)       AS input_tokens,
    sum(output_tokens)      AS output_tokens,
    sum(cache_read_tokens)  AS cache_read_tokens,
    sum(cache_write_tokens) AS cache_write_tokens,
    max(started_at)         AS last_started_at
FROM report_call
WHERE unpriced = 1
GROUP BY provider, model, operation
ORDER BY calls DESC, provider, model, operation
