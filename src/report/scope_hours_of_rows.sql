    UNION ALL
    SELECT
        by_rows.label, call.hour, provider, model, task, user_id, configuration_id, status,
        calls, unpriced, estimated, input_tokens, output_tokens, total_tokens,
        cache_read_tokens, cache_write_tokens, reasoning_tokens,
        priced, cost_micro, cost_pico, timed, duration_us, scored, confidence_nano, acted, fell_back,
        first_started_at, last_started_at
    FROM by_rows CROSS JOIN main.usage_hour_call AS call
    WHERE call.started_at >= by_rows.since AND call.started_at < by_rows.until
