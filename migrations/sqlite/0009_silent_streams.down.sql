DROP VIEW report_silent_stream;

CREATE VIEW report_silent_stream AS
SELECT
    id,
    CASE WHEN extra ->> '$."openai.api.type"' IN ('chat_completions', 'completions')
        THEN 'send "stream_options": {"include_usage": true} in the request' END AS how
FROM usage_log
WHERE streamed = 1 AND usage_source IN ('none', 'estimated') AND status = 'success' AND ending = 'complete';

DROP INDEX usage_log_silent_stream;
