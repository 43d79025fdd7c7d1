-- The views that teams query: the names and meanings of the usage-log schema.
--
-- Every view shows the calls that count (`billable`), failed ones included; `usage_log` itself has every row. `created_at`
-- and `timestamp` are when the call started. Unknown is NULL, so averages are over the calls that know.

-- The calls that count, by the names that all views share.
--
-- `model` is what a front end called it, else what was asked for, else what answered. Of an id that some teams declare as
-- a UUID, `user_uuid` and `job_uuid` have it where the text is one.
-- `WHERE billable` and not `billable = 1`: a comparison makes SQLite think of an index by it, which it would make of all rows,
-- anew for each question.
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

-- Who used which model for what.

CREATE VIEW ai_usage_log AS
SELECT
    id, user_id, conversation_id, model_identifier, task AS endpoint, task AS section,
    input_tokens AS prompt_tokens, output_tokens AS response_tokens, output_tokens AS completion_tokens, total_tokens,
    duration_ms AS latency_ms, duration_ms AS response_time_ms, success, model AS model_name, error_message,
    json_patch(
        json_patch(tags, iif(conversation_id IS NULL, '{}', json_object('conversation_id', conversation_id))),
        iif(job_id IS NULL, '{}', json_object('job_id', job_id))
    ) AS metadata,
    started_at AS created_at
FROM usage_log_counted;

-- One row per user and UTC day. Sums of money: millionths of a dollar and what is beyond them apart, because a sum of
-- pico-dollars overflows beyond 9.2 million dollars.
CREATE VIEW ai_usage_tracking AS
SELECT
    user_id, date(started_at) AS date,
    count(*) AS total_requests, sum(success) AS successful_requests, sum(NOT success) AS failed_requests,
    sum(input_tokens) AS prompt_tokens, sum(output_tokens) AS completion_tokens, sum(total_tokens) AS total_tokens,
    avg(duration_ms) AS average_response_time_ms,
    sum(cost_picousd / 1000000) / 1e6 + sum(cost_picousd % 1000000) / 1e12 AS cost_usd
FROM usage_log_counted
GROUP BY user_id, date(started_at);

-- Calls beside their models (`ai_model`).

CREATE VIEW ai_call AS
SELECT
    call.id, model_id, content.prompt, content.response, input_tokens, reasoning_tokens, output_tokens, cost_usd, duration_ms,
    task AS call_type, status, user_uuid AS user_id, json_patch(extra, tags) AS extra,
    call.started_at AS created_at, updated_at
FROM usage_log_counted AS call
LEFT JOIN ai_call_content AS content ON content.call_id = call.id;

-- A pipeline's steps, how far each can be trusted, and what was done with it.

CREATE VIEW ai_call_logs AS
SELECT
    call.id, call.started_at AS timestamp, job_uuid AS job_id, task, coalesce(model, 'unknown') AS model,
    input_tokens, output_tokens, cost_usd AS cost, duration_ms AS latency_ms,
    confidence_score, confidence_breakdown, action, fallback_reason,
    coalesce(extra -> '$.request_data', content.request) AS request_data,
    coalesce(extra -> '$.response_data', content.response) AS response_data,
    error_message, call.started_at AS created_at
FROM usage_log_counted AS call
LEFT JOIN ai_call_content AS content ON content.call_id = call.id;

-- What was configured, what was used, and how it went.

CREATE VIEW model_usage AS
SELECT
    id, job_id AS queue_item_id, task AS stage, model, provider, input_tokens, output_tokens, total_tokens,
    duration_ms AS response_time_ms, cost_usd AS cost, success, error_message, configuration_id, started_at AS created_at
FROM usage_log_counted;

-- Its unit is the job; a call without one is a job of its own. A job succeeded if the last call of each of its stages did.
CREATE VIEW configuration_usage AS
WITH stage AS (
    SELECT
        id, configuration_id, coalesce(job_id, id) AS job, started_at, ended_at, cost_picousd,
        success OR 1 < row_number() OVER (
            PARTITION BY configuration_id, coalesce(job_id, id), task ORDER BY started_at DESC, id DESC
        ) AS stage_succeeded
    FROM usage_log_counted
    WHERE configuration_id IS NOT NULL
),
job AS (
    SELECT
        configuration_id, job, min(stage_succeeded) AS succeeded, min(started_at) AS began, max(ended_at) AS ended, max(started_at) AS last_start,
        sum(cost_picousd / 1000000) / 1e6 + sum(cost_picousd % 1000000) / 1e12 AS cost
    FROM stage
    GROUP BY configuration_id, job
),
used AS (
    SELECT
        configuration_id, count(*) AS times_used, avg(cost) AS average_cost, avg(succeeded) AS success_rate,
        avg((unixepoch(ended, 'subsec') - unixepoch(began, 'subsec')) * 1e3) AS average_duration_ms,
        min(began) AS first_used_at, max(last_start) AS last_used_at
    FROM job
    GROUP BY configuration_id
),
accuracy AS (
    SELECT configuration_id, avg(score.score) AS average_accuracy
    FROM stage JOIN ai_call_score AS score ON score.call_id = stage.id AND score.name = 'accuracy'
    GROUP BY configuration_id
)
SELECT
    coalesce(configuration.id, used.configuration_id) AS configuration_id, configuration.name,
    coalesce(times_used, 0) AS times_used, average_accuracy, average_cost, average_duration_ms, success_rate,
    first_used_at, last_used_at
FROM ai_configuration AS configuration
FULL JOIN used ON used.configuration_id = configuration.id
LEFT JOIN accuracy ON accuracy.configuration_id = used.configuration_id;

CREATE VIEW model_performance_analytics AS
SELECT
    provider, model, task AS stage, count(*) AS calls, avg(success) AS success_rate,
    avg(duration_ms) AS average_response_time_ms, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
    sum(cost_picousd / 1000000) / 1e6 + sum(cost_picousd % 1000000) / 1e12 AS total_cost,
    avg(cost_usd) AS average_cost, avg(confidence_score) AS average_confidence, avg(accuracy.score) AS average_accuracy,
    max(started_at) AS last_used_at
FROM usage_log_counted AS call
LEFT JOIN ai_call_score AS accuracy ON accuracy.call_id = call.id AND accuracy.name = 'accuracy'
GROUP BY provider, model, task;

-- `configured_models` are those of the configuration's `stage_models` for the stage; they match if each that was used is
-- one of them. NULL where the configuration names none.
CREATE VIEW configuration_performance AS
WITH performance AS (
    SELECT
        configuration_id, task AS stage, count(*) AS calls, avg(success) AS success_rate,
        avg(duration_ms) AS average_response_time_ms, sum(input_tokens) AS input_tokens,
        sum(output_tokens) AS output_tokens,
        sum(cost_picousd / 1000000) / 1e6 + sum(cost_picousd % 1000000) / 1e12 AS total_cost,
        avg(cost_usd) AS average_cost, avg(confidence_score) AS average_confidence,
        avg(accuracy.score) AS average_accuracy, max(started_at) AS last_used_at,
        json_group_array(DISTINCT model) FILTER (WHERE model IS NOT NULL) AS used_models
    FROM usage_log_counted AS call
    LEFT JOIN ai_call_score AS accuracy ON accuracy.call_id = call.id AND accuracy.name = 'accuracy'
    WHERE configuration_id IS NOT NULL
    GROUP BY configuration_id, task
),
configured AS (
    SELECT ai_configuration.id, key AS stage, iif(type = 'array', value, json_array(value)) AS models
    FROM ai_configuration, json_each(model_config, '$.stage_models')
)
SELECT
    performance.configuration_id, configuration.name, performance.stage, calls, success_rate, average_response_time_ms,
    input_tokens, output_tokens, total_cost, average_cost, average_confidence, average_accuracy, last_used_at,
    configured.models AS configured_models, used_models,
    iif(configured.models IS NULL, NULL, NOT EXISTS (
        SELECT 1 FROM json_each(used_models) AS used
        WHERE used.value NOT IN (SELECT value FROM json_each(configured.models))
    )) AS models_match
FROM performance
LEFT JOIN ai_configuration AS configuration ON configuration.id = performance.configuration_id
LEFT JOIN configured ON configured.id = performance.configuration_id AND configured.stage = performance.stage;
