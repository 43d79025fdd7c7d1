DROP VIEW configuration_performance;
DROP VIEW model_performance_analytics;
DROP VIEW configuration_usage;
DROP VIEW model_usage;
DROP VIEW ai_call_logs;
DROP VIEW ai_call;
DROP VIEW ai_usage_tracking;
DROP VIEW ai_usage_log;
DROP VIEW report_call;
DROP VIEW usage_log_counted;
DROP TRIGGER ai_call_content_after_delete;
DROP TABLE ai_call_content;
DROP TABLE ai_configuration;
DROP TABLE ai_user;

CREATE VIEW report_call AS
SELECT
    id, started_at, provider, operation, status, ending, user_id, conversation_id, job_id, configuration_id, variant, action,
    coalesce(model_alias, request_model, response_model) AS model,
    coalesce(task, operation) AS task,
    input_tokens, output_tokens, total_tokens, duration_ms, confidence_score, pricing_status,
    cost_picousd IS NULL AND (status = 'success' OR coalesce(input_tokens, output_tokens) IS NOT NULL) AS unpriced,
    cost_picousd / 1000000 AS cost_micro,
    cost_picousd % 1000000 AS cost_pico
FROM usage_log
WHERE billable = 1;
