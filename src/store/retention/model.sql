-- What goes with the model ?1. Amounts are of the calls that count, as millionths of a dollar and the pico-dollars beyond.
SELECT
    count(*) AS calls,
    (SELECT count(*) FROM ai_call_content JOIN usage_log ON id = call_id WHERE model_id = ?1) AS content,
    (SELECT count(*) FROM ai_call_score JOIN usage_log ON id = call_id WHERE model_id = ?1) AS scores,
    coalesce(sum(cost_picousd / 1000000) FILTER (WHERE billable = 1), 0) AS micro,
    coalesce(sum(cost_picousd % 1000000) FILTER (WHERE billable = 1), 0) AS pico
FROM usage_log
WHERE model_id = ?1
