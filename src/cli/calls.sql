-- The calls of the ledger, also those that do not count because others lie under them.
SELECT
    id, started_at, provider, coalesce(model_alias, request_model, response_model) AS model, task, user_id, job_id, status, ending,
    input_tokens, output_tokens, cost_picousd AS cost_usd, round(duration_ms, 1) AS duration_ms
FROM usage_log
WHERE started_at >= ? AND started_at < ?
