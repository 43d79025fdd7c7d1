-- How many streams of OpenAI's protocols were answered to their end and told no usage: nobody asked for it.
SELECT count(*) AS streams
FROM report_call
WHERE streamed AND usage_source IN ('none', 'estimated') AND status = 'success' AND ending = 'complete'
  AND extra ->> '$."openai.api.type"' IN ('chat_completions', 'completions')
