-- The calls that took longest.
SELECT
    id,
    started_at,
    provider,
    model,
    task,
    user_id,
    status,
    round(duration_ms, 1)            AS duration_ms,
    round(time_to_first_chunk_ms, 1) AS time_to_first_chunk_ms,
    input_tokens,
    output_tokens,
    cost_micro AS cost_usd__micro,
    cost_pico  AS cost_usd__pico,
    unpriced
FROM report_call
WHERE duration_ms IS NOT NULL
ORDER BY report_call.duration_ms DESC, started_at, id
