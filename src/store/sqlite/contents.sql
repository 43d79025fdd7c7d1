-- What was said in calls, each as [id of the call, when it started, prompt, request, response]. Of two that differ the
-- greater stands, in any order of arrival.
INSERT INTO ai_call_content AS old (call_id, started_at, prompt, request, response)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
FROM json_each(?1)
WHERE true
ON CONFLICT (call_id) DO UPDATE SET prompt = excluded.prompt, request = excluded.request, response = excluded.response
WHERE (coalesce(excluded.request, ''), coalesce(excluded.response, ''), coalesce(excluded.prompt, ''))
    > (coalesce(old.request, ''), coalesce(old.response, ''), coalesce(old.prompt, ''))
