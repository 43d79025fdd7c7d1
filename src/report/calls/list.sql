-- The calls of the ledger, newest first, also those that do not count because others lie under them.
SELECT
    call.id, call.started_at, call.provider, coalesce(call.model_alias, call.request_model, call.response_model) AS model,
    call.task, call.user_id, person.name AS user_name, call.job_id, call.status, call.ending, call.error_type,
    call.input_tokens, call.output_tokens, call.cost_picousd AS cost_usd, round(call.duration_ms, 1) AS duration_ms,
    call.billable
FROM usage_log AS call LEFT JOIN ai_user AS person ON person.id = call.user_id
WHERE call.started_at >= ? AND call.started_at < ?
