-- What reports need of JSON, as rows and columns: reports themselves are SQL that every database reads alike.

-- The tags of each call, one row per tag. A call with two tags has two rows; `value` is text, `true` and `false` too.
CREATE VIEW report_tag AS
SELECT
    call.id, tag.key AS tag,
    CASE tag.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(tag.value AS TEXT) END AS value
FROM usage_log AS call, json_each(call.tags) AS tag;

-- The models that each configuration names for each of its stages.
CREATE VIEW report_configured AS
SELECT configuration.id AS configuration_id, configuration.name, stage.key AS task, model.value AS model
FROM ai_configuration AS configuration,
    json_each(configuration.model_config, '$.stage_models') AS stage,
    json_each(iif(stage.type = 'array', stage.value, json_array(stage.value))) AS model;

-- Streams whose answer came to its end and told no usage; `how` is how to ask for it, NULL where we know no way.
CREATE VIEW report_silent_stream AS
SELECT
    id,
    CASE WHEN extra ->> '$."openai.api.type"' IN ('chat_completions', 'completions')
        THEN 'send "stream_options": {"include_usage": true} in the request' END AS how
FROM usage_log
WHERE streamed = 1 AND usage_source IN ('none', 'estimated') AND status = 'success' AND ending = 'complete';
