-- How much of the input came from caches, by model: read tokens over input tokens, of the calls that tell both.
SELECT
    provider,
    model,
    count(*)                                                           AS calls,
    count(cache_read_tokens - input_tokens)                            AS known,
    sum(CASE WHEN cache_read_tokens IS NOT NULL THEN input_tokens END) AS input_tokens,
    sum(CASE WHEN input_tokens IS NOT NULL THEN cache_read_tokens END) AS cache_read_tokens,
    sum(cache_write_tokens)                                            AS cache_write_tokens,
    round(1.0 * sum(CASE WHEN input_tokens IS NOT NULL THEN cache_read_tokens END)
        / nullif(sum(CASE WHEN cache_read_tokens IS NOT NULL THEN input_tokens END), 0), 4) AS cache_share
FROM report_call
GROUP BY provider, model
ORDER BY cache_share DESC NULLS LAST, calls DESC, provider, model
