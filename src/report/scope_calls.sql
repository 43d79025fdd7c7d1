-- What a report looks at: its periods, and the calls that lie in one of them. The report itself stands behind this.
-- Parameters: the periods, as a JSON array of [label, since, until]; the last is not included. Filters follow.
WITH period (label, since, until) AS (
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)
),
report_call AS (
    SELECT
        period.label AS period,
        id, trace_id, service_name, environment, started_at, ended_at, duration_ms, time_to_first_chunk_ms,
        provider, operation, request_model, response_model, model_alias, model_identifier, node_id, model, streamed,
        task, user_id, conversation_id, job_id, configuration_id, variant, attempt, previous_id,
        input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
        usage_details, usage_source, pricing_status, price_source, price_version,
        confidence_score, action, fallback_reason, status, ending, http_status, error_type, error_message, tags, extra,
        unpriced, cost_micro, cost_pico
    FROM period CROSS JOIN main.report_call AS call
    WHERE call.started_at >= period.since AND call.started_at < period.until
