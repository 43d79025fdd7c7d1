-- How many streams of OpenAI's protocols were answered to their end and told no usage: nobody asked for it.
-- Parameters: ?1 since, ?2 until, both in UTC; the second is not included.
SELECT count(*) AS streams
FROM usage_log
WHERE started_at >= ?1 AND started_at < ?2
  AND billable AND streamed AND usage_source = 'none' AND status = 'success' AND ending = 'complete'
  AND extra ->> '$."openai.api.type"' IN ('chat_completions', 'completions')
