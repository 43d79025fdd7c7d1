-- Everything known of a call, in the order of the ledger's contract, and every score that it was given later.
SELECT
    id, trace_id, span_id, parent_span_id, ai_parent_span_id, service_name, environment, started_at, ended_at,
    duration_ms, time_to_first_chunk_ms, provider, operation, request_model, response_model, model_id,
    model_alias, model_identifier, node_id, response_id, streamed, temperature, service_tier, finish_reasons,
    task, user_id, conversation_id, job_id, configuration_id, variant, attempt, previous_id, tags,
    input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
    usage_details, usage_source, cost_picousd AS cost_usd, input_cost_picousd AS input_cost_usd,
    output_cost_picousd AS output_cost_usd, pricing_status, price_source, price_version, confidence_score,
    confidence_breakdown, action, fallback_reason, status, ending, http_status, error_type, error_message,
    billable, dialect, mapping_version, extra, created_at, updated_at,
    (SELECT json_group_array(json_object('name', name, 'score', score, 'label', label, 'detail', json(detail),
                                         'recorded_at', replace(recorded_at, ' ', 'T') || 'Z'))
     FROM ai_call_score WHERE call_id = usage_log.id) AS scores
FROM usage_log
