-- Streams that tell no usage are counted under every report: an index holds them, and only them.

CREATE INDEX usage_log_silent_stream ON usage_log (started_at)
WHERE streamed = 1 AND usage_source IN ('none', 'estimated') AND status = 'success' AND ending = 'complete';

DROP VIEW report_silent_stream;

-- The calls among `report_call` that are streams whose answer came to its end and told no usage; `how` is how to ask for it,
-- NULL where we know no way.
CREATE VIEW report_silent_stream AS
SELECT
    call.*,
    CASE WHEN extra ->> '$."openai.api.type"' IN ('chat_completions', 'completions')
        THEN 'send "stream_options": {"include_usage": true} in the request' END AS how
FROM report_call AS call
WHERE streamed = 1 AND usage_source IN ('none', 'estimated') AND status = 'success' AND ending = 'complete';
