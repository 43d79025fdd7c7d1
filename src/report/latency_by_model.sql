-- How long calls took with each model, the slowest first: half of them took at most p50, 99 of 100 at most p99.
--
-- By nearest rank: a percentile is a duration that a call had, to a tenth of a millisecond. Calls that tell none are left out.
-- `first_chunk` is the time to the first chunk of a stream.
SELECT
    provider,
    model,
    timed,
    round(min(CASE WHEN slower_than * 100 >= timed * 50 THEN duration_ms END), 1) AS p50_ms,
    round(min(CASE WHEN slower_than * 100 >= timed * 90 THEN duration_ms END), 1) AS p90_ms,
    round(min(CASE WHEN slower_than * 100 >= timed * 95 THEN duration_ms END), 1) AS p95_ms,
    round(min(CASE WHEN slower_than * 100 >= timed * 99 THEN duration_ms END), 1) AS p99_ms,
    round(max(duration_ms), 1)                                                    AS longest_ms,
    streams,
    round(min(CASE WHEN later_than * 100 >= streams * 50 THEN first_chunk_ms END), 1) AS first_chunk_p50_ms,
    round(min(CASE WHEN later_than * 100 >= streams * 90 THEN first_chunk_ms END), 1) AS first_chunk_p90_ms,
    round(min(CASE WHEN later_than * 100 >= streams * 95 THEN first_chunk_ms END), 1) AS first_chunk_p95_ms,
    round(min(CASE WHEN later_than * 100 >= streams * 99 THEN first_chunk_ms END), 1) AS first_chunk_p99_ms
FROM (
    SELECT
        provider,
        model,
        duration_ms,
        time_to_first_chunk_ms                                                                      AS first_chunk_ms,
        count(duration_ms) OVER (PARTITION BY provider, model)                                      AS timed,
        count(time_to_first_chunk_ms) OVER (PARTITION BY provider, model)                           AS streams,
        row_number() OVER (PARTITION BY provider, model ORDER BY duration_ms NULLS LAST)            AS slower_than,
        row_number() OVER (PARTITION BY provider, model ORDER BY time_to_first_chunk_ms NULLS LAST) AS later_than
    FROM report_call
) AS ranked
GROUP BY provider, model, timed, streams
ORDER BY p95_ms DESC NULLS LAST, provider, model
