-- How many calls do not count, because others lie under them or their caller said so.
SELECT count(*) AS calls
FROM usage_log AS call LEFT JOIN ai_user AS person ON person.id = call.user_id
WHERE call.started_at >= ? AND call.started_at < ? AND call.billable = 0
