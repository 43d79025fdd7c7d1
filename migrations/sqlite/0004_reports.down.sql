DROP VIEW report_hour;
DROP VIEW report_call;
DROP VIEW usage_log_counted;

CREATE VIEW usage_log_counted AS
SELECT
    id, started_at, ended_at, updated_at, duration_ms, provider, operation, model_id, model_identifier,
    coalesce(model_alias, request_model, response_model) AS model,
    coalesce(task, operation) AS task, user_id, conversation_id, job_id, configuration_id, variant,
    input_tokens, output_tokens, total_tokens, reasoning_tokens, cost_picousd, cost_usd, pricing_status,
    confidence_score, confidence_breakdown, action, fallback_reason,
    status, status = 'success' AS success, ending, error_message,
    tags, extra,
    iif(user_id LIKE '________-____-____-____-____________' AND replace(user_id, '-', '') NOT GLOB '*[^0-9a-fA-F]*'
        AND length(replace(user_id, '-', '')) = 32, lower(user_id), NULL) AS user_uuid,
    iif(job_id LIKE '________-____-____-____-____________' AND replace(job_id, '-', '') NOT GLOB '*[^0-9a-fA-F]*'
        AND length(replace(job_id, '-', '')) = 32, lower(job_id), NULL) AS job_uuid
FROM usage_log
WHERE billable = 1;

CREATE VIEW report_call AS
SELECT
    id, started_at, provider, operation, status, ending, user_id, conversation_id, job_id, configuration_id, variant, action,
    model, task, input_tokens, output_tokens, total_tokens, duration_ms, confidence_score, pricing_status,
    cost_picousd IS NULL AND (status = 'success' OR coalesce(input_tokens, output_tokens) IS NOT NULL) AS unpriced,
    cost_picousd / 1000000 AS cost_micro,
    cost_picousd % 1000000 AS cost_pico
FROM usage_log_counted;
