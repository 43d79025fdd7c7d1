DROP TRIGGER usage_hour_after_delete;
DROP TRIGGER usage_hour_after_update;
DROP TRIGGER usage_hour_after_insert;
DROP VIEW report_hour;
DROP VIEW usage_hour_call;
DROP TABLE usage_hour_dirty;
DROP TABLE usage_hour;

CREATE VIEW report_hour AS
SELECT
    date(started_at) AS period, substr(started_at, 1, 13) || ':00:00.000000' AS hour,
    provider, model, task, user_id, configuration_id, status,
    count(*) AS calls, sum(unpriced) AS unpriced,
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(total_tokens) AS total_tokens,
    sum(cache_read_tokens) AS cache_read_tokens, sum(cache_write_tokens) AS cache_write_tokens,
    sum(reasoning_tokens) AS reasoning_tokens,
    count(cost_micro) AS priced, sum(cost_micro) AS cost_micro, sum(cost_pico) AS cost_pico,
    count(duration_ms) AS timed, sum(CAST(round(duration_ms * 1e3) AS INTEGER)) AS duration_us,
    count(confidence_score) AS scored, sum(CAST(round(confidence_score * 1e9) AS INTEGER)) AS confidence_nano,
    count(action) AS acted, count(*) FILTER (WHERE action = 'fallback_to_rules') AS fell_back,
    min(started_at) AS first_started_at, max(started_at) AS last_started_at
FROM report_call
GROUP BY hour, provider, model, task, user_id, configuration_id, status;
