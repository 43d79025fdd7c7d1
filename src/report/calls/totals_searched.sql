-- What the calls that count come to, call by call.
SELECT
    count(*)                                                            AS calls,
    coalesce(sum(CASE WHEN call.status = 'error' THEN 1 ELSE 0 END), 0) AS errors,
    sum(call.input_tokens)                                              AS input_tokens,
    sum(call.output_tokens)                                             AS output_tokens,
    sum(call.cost_micro)                                                AS cost_usd__micro,
    sum(call.cost_pico)                                                 AS cost_usd__pico,
    coalesce(sum(CASE WHEN call.unpriced THEN 1 ELSE 0 END), 0)         AS unpriced
FROM report_call AS call LEFT JOIN ai_user AS person ON person.id = call.user_id
WHERE 1 = 1
