),
-- Sums by hours: those of clean hours that lie wholly in a period, and rows for all the rest of the scope.
-- Parameters: the stretches of whole hours, and what is left of the periods, as JSON arrays like the periods. Filters follow.
whole (label, since, until) AS MATERIALIZED (
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)
),
by_rows (label, since, until) AS (
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)
    UNION ALL
    SELECT label, substr(hour, 1, 13), substr(hour, 1, 13) || ';'
    FROM whole CROSS JOIN main.usage_hour_dirty WHERE hour >= since AND hour < until
),
report_hour AS (
    SELECT
        whole.label AS period, hour, provider, model, task, user_id, configuration_id, status,
        calls, unpriced, estimated, input_tokens, output_tokens, total_tokens,
        cache_read_tokens, cache_write_tokens, reasoning_tokens,
        priced, cost_micro, cost_pico, timed, duration_us, scored, confidence_nano, acted, fell_back,
        first_started_at, last_started_at
    FROM whole CROSS JOIN main.usage_hour AS call
    WHERE call.hour >= whole.since AND call.hour < whole.until
      AND NOT EXISTS (SELECT 1 FROM main.usage_hour_dirty AS dirty WHERE dirty.hour = call.hour)
