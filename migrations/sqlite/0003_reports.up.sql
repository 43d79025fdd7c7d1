-- What reports read: the calls that count.
--
-- Amounts are two whole numbers, because a sum of pico-dollars overflows beyond 9.2 million dollars: millionths of a dollar
-- (`cost_micro`), and the pico-dollars beyond them (`cost_pico`). `period` is what a report that goes by time groups by:
-- here the UTC day; a report in another zone, or by hours, brings its own periods.

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

-- What reports need of JSON, as rows and columns: reports themselves are SQL that every database reads alike.

-- The tags of each call, one row per tag. A call with two tags has two rows; `value` is text, `true` and `false` too.
CREATE VIEW report_tag AS
SELECT
    call.id, tag.key AS tag,
    CASE tag.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(tag.value AS TEXT) END AS value
FROM usage_log AS call, json_each(call.tags) AS tag;

-- The calls among `report_call`, once for each of their tags: the same without a look for each call by its id.
CREATE VIEW report_call_tag AS
SELECT
    call.*, tag.key AS tag,
    CASE tag.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(tag.value AS TEXT) END AS value
FROM report_call AS call, json_each(call.tags) AS tag;

-- The models that each configuration names for each of its stages.
CREATE VIEW report_configured AS
SELECT configuration.id AS configuration_id, configuration.name, stage.key AS task, model.value AS model
FROM ai_configuration AS configuration,
    json_each(configuration.model_config, '$.stage_models') AS stage,
    json_each(iif(stage.type = 'array', stage.value, json_array(stage.value))) AS model;

-- The calls among `report_call` that are streams whose answer came to its end and told no usage; `how` is how to ask for it,
-- NULL where we know no way.
CREATE VIEW report_silent_stream AS
SELECT
    call.*,
    CASE WHEN extra ->> '$."openai.api.type"' IN ('chat_completions', 'completions')
        THEN 'send "stream_options": {"include_usage": true} in the request' END AS how
FROM report_call AS call
WHERE streamed = 1 AND usage_source IN ('none', 'estimated') AND status = 'success' AND ending = 'complete';
