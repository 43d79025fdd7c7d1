-- What was used, in parts: each `part` of `usage`, which the program puts in front.
SELECT
    part,
    count(*)                                                            AS calls,
    count(CASE status WHEN 'error' THEN 1 END)                          AS errors,
    sum(input_tokens)                                                   AS input_tokens,
    sum(output_tokens)                                                  AS output_tokens,
    sum(total_tokens)                                                   AS total_tokens,
    sum(cache_read_tokens)                                              AS cache_read_tokens,
    sum(cache_write_tokens)                                             AS cache_write_tokens,
    sum(reasoning_tokens)                                               AS reasoning_tokens,
    sum(cost_micro)                                                     AS cost_micro,
    sum(cost_pico)                                                      AS cost_pico,
    sum(unpriced)                                                       AS unpriced,
    avg(duration_ms)                                                    AS average_ms,
    min(CASE WHEN slower_than * 100 >= timed * 95 THEN duration_ms END) AS p95_ms,
    min(started_at)                                                     AS first_started_at,
    max(started_at)                                                     AS last_started_at
FROM (
    SELECT
        part, status, input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
        cost_micro, cost_pico, unpriced, duration_ms, started_at,
        count(duration_ms) OVER (PARTITION BY part)                           AS timed,
        row_number() OVER (PARTITION BY part ORDER BY duration_ms NULLS LAST) AS slower_than
    FROM usage
) AS ranked
GROUP BY part
ORDER BY part
