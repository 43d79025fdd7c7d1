-- What reports read: the calls that count, and the same by hours.
--
-- Amounts are two whole numbers, because a sum of pico-dollars overflows beyond 9.2 million dollars: millionths of a dollar
-- (`cost_micro`), and the pico-dollars beyond them (`cost_pico`). `period` is what a report that goes by time groups by:
-- here the UTC day; a report in another zone, or by hours, brings its own periods.

DROP VIEW report_call;
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
WHERE billable = 1;

-- One row per call. A call that failed and used nothing that we know of has nothing to be priced: it is not `unpriced`.
CREATE VIEW report_call AS
SELECT
    date(started_at) AS period,
    id, trace_id, service_name, environment, started_at, ended_at, duration_ms, time_to_first_chunk_ms,
    provider, operation, request_model, response_model, model_alias, model_identifier, node_id, model, streamed,
    task, user_id, conversation_id, job_id, configuration_id, variant, attempt, previous_id,
    input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
    usage_details, usage_source, pricing_status, price_source, price_version,
    confidence_score, action, fallback_reason, status, ending, http_status, error_type, error_message, tags, extra,
    cost_picousd IS NULL AND (status = 'success' OR coalesce(input_tokens, output_tokens) IS NOT NULL) AS unpriced,
    cost_picousd / 1000000 AS cost_micro,
    cost_picousd % 1000000 AS cost_pico
FROM usage_log_counted;

-- The same, summed by hours. All sums are of whole numbers, so that they add up exactly in any order: `duration_us` are
-- microseconds over `timed` calls, `confidence_nano` is 1e-9 over `scored` calls.
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
