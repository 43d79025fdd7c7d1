-- How long calls took with each model, the slowest first: half of them took at most p50, 99 of 100 at most p99.
--
-- By nearest rank: a percentile is a duration that a call had, to a tenth of a millisecond. Calls that tell none are left out.
-- They are counted by their tenths first, so that few rows are ranked, however many calls there are. `first_chunk` is the time
-- to the first chunk of a stream.
SELECT
    provider,
    model,
    max(CASE kind WHEN 'call' THEN timed END)                                    AS timed,
    min(CASE WHEN kind = 'call' AND slower_than * 100 >= timed * 50 THEN ms END) AS p50_ms,
    min(CASE WHEN kind = 'call' AND slower_than * 100 >= timed * 90 THEN ms END) AS p90_ms,
    min(CASE WHEN kind = 'call' AND slower_than * 100 >= timed * 95 THEN ms END) AS p95_ms,
    min(CASE WHEN kind = 'call' AND slower_than * 100 >= timed * 99 THEN ms END) AS p99_ms,
    max(CASE kind WHEN 'call' THEN ms END)                                       AS longest_ms,
    coalesce(max(CASE kind WHEN 'first chunk' THEN timed END), 0)                AS streams,
    min(CASE WHEN kind = 'first chunk' AND slower_than * 100 >= timed * 50 THEN ms END) AS first_chunk_p50_ms,
    min(CASE WHEN kind = 'first chunk' AND slower_than * 100 >= timed * 90 THEN ms END) AS first_chunk_p90_ms,
    min(CASE WHEN kind = 'first chunk' AND slower_than * 100 >= timed * 95 THEN ms END) AS first_chunk_p95_ms,
    min(CASE WHEN kind = 'first chunk' AND slower_than * 100 >= timed * 99 THEN ms END) AS first_chunk_p99_ms
FROM (
    SELECT
        provider,
        model,
        kind,
        ms,
        sum(CASE WHEN ms IS NOT NULL THEN calls ELSE 0 END) OVER (PARTITION BY provider, model, kind)        AS timed,
        sum(calls) OVER (PARTITION BY provider, model, kind ORDER BY ms NULLS LAST ROWS UNBOUNDED PRECEDING) AS slower_than
    FROM (
        SELECT provider, model, 'call' AS kind, round(duration_ms, 1) AS ms, count(*) AS calls
        FROM report_call
        GROUP BY provider, model, round(duration_ms, 1)
        UNION ALL
        SELECT provider, model, 'first chunk', round(time_to_first_chunk_ms, 1), count(*)
        FROM report_call
        WHERE time_to_first_chunk_ms IS NOT NULL
        GROUP BY provider, model, round(time_to_first_chunk_ms, 1)
    ) AS counted
) AS ranked
GROUP BY provider, model
ORDER BY p95_ms DESC NULLS LAST, provider, model
