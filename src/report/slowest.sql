-- The calls that took longest.
SELECT
    id,
    started_at,
    provider,
    model,
    task,
    user_id,
    status,
    duration_ms,
    time_to_first_chunk_ms,
    input_tokens,
    output_tokens,
    cost_micro AS cost_usd__micro,
    cost_pico  AS cost_usd__pico,
    unpriced
FROM report_call
WHERE duration_ms IS NOT NULL
ORDER BY duration_ms DESC, started_at, id
