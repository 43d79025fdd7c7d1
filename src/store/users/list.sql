-- The users that are known, each with its calls that count.
SELECT
    ai_user.id AS user_id, name, email, link, count(usage_log.id) AS calls, max(usage_log.started_at) AS last_call_at
FROM ai_user LEFT JOIN usage_log ON usage_log.user_id = ai_user.id AND usage_log.billable = 1
GROUP BY ai_user.id, name, email, link
ORDER BY ai_user.id
