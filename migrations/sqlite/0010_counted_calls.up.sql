-- `WHERE billable = 1` made SQLite think of an index by it, which it would make of all rows, anew for each question, where a few
-- hours of a clean ledger were asked for. A condition that is no comparison gives it no such ideas. The view is the same.

DROP VIEW usage_log_counted;

-- The calls that count, by the names that all views share.
--
-- `model` is what a front end called it, else what was asked for, else what answered. Of an id that some teams declare as
-- a UUID, `user_uuid` and `job_uuid` have it where the text is one.
CREATE VIEW usage_log_counted AS
SELECT
    id, trace_id, service_name, environment, started_at, ended_at, updated_at, duration_ms, time_to_first_chunk_ms,
    provider, operation, model_id, request_model, response_model, model_alias, model_identifier, node_id, streamed,
    coalesce(model_alias, request_model, response_model) AS model,
    coalesce(task, operation) AS task, user_id, conversation_id, job_id, configuration_id, variant, attempt, previous_id,
    input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
    usage_details, usage_source, cost_picousd, cost_usd, pricing_status, price_source, price_version,
    confidence_score, confidence_breakdown, action, fallback_reason,
    status, status = 'success' AS success, ending, http_status, error_type, error_message,
    tags, extra,
    iif(user_id LIKE '________-____-____-____-____________' AND replace(user_id, '-', '') NOT GLOB '*[^0-9a-fA-F]*'
        AND length(replace(user_id, '-', '')) = 32, lower(user_id), NULL) AS user_uuid,
    iif(job_id LIKE '________-____-____-____-____________' AND replace(job_id, '-', '') NOT GLOB '*[^0-9a-fA-F]*'
        AND length(replace(job_id, '-', '')) = 32, lower(job_id), NULL) AS job_uuid
FROM usage_log
WHERE billable;
