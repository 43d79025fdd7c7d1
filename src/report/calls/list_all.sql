-- The same with every column.
SELECT
    call.id, call.trace_id, call.span_id, call.parent_span_id, call.ai_parent_span_id, call.service_name, call.environment,
    call.started_at, call.ended_at, call.duration_ms, call.time_to_first_chunk_ms, call.provider, call.operation,
    coalesce(call.model_alias, call.request_model, call.response_model) AS model,
    call.request_model, call.response_model, call.model_id, call.model_alias, call.model_identifier, call.node_id,
    call.response_id, call.streamed, call.temperature, call.service_tier, call.finish_reasons, call.task,
    call.user_id, person.name AS user_name, person.email AS user_email, call.conversation_id, call.job_id,
    call.configuration_id, call.variant, call.attempt, call.previous_id, call.tags,
    call.input_tokens, call.output_tokens, call.total_tokens, call.cache_read_tokens, call.cache_write_tokens,
    call.reasoning_tokens, call.usage_details, call.usage_source, call.cost_picousd AS cost_usd,
    call.input_cost_picousd AS input_cost_usd, call.output_cost_picousd AS output_cost_usd, call.pricing_status,
    call.price_source, call.price_version, call.confidence_score, call.confidence_breakdown, call.action,
    call.fallback_reason, call.status, call.ending, call.http_status, call.error_type, call.error_message, call.billable,
    call.dialect, call.mapping_version, call.extra, call.created_at, call.updated_at
FROM usage_log AS call LEFT JOIN ai_user AS person ON person.id = call.user_id
WHERE call.started_at >= ? AND call.started_at < ?
