-- What an answer that can be trusted costs, by model and task: all that was spent, over the answers that were used.
--
-- Failed calls, retries and answers that were not used are part of what was spent. The second measure counts answers with a
-- confidence of 0.7 and more instead.
SELECT
    model,
    task,
    count(*)                                             AS calls,
    sum(cost_micro)                                      AS cost_usd__micro,
    sum(cost_pico)                                       AS cost_usd__pico,
    sum(unpriced)                                        AS unpriced,
    count(CASE action WHEN 'use_ai_result' THEN 1 END)   AS used,
    sum(cost_micro)                                      AS cost_per_used_usd__micro,
    sum(cost_pico)                                       AS cost_per_used_usd__pico,
    count(CASE action WHEN 'use_ai_result' THEN 1 END)   AS cost_per_used_usd__over,
    count(CASE WHEN confidence_score >= 0.7 THEN 1 END)  AS confident,
    sum(cost_micro)                                      AS cost_per_confident_usd__micro,
    sum(cost_pico)                                       AS cost_per_confident_usd__pico,
    count(CASE WHEN confidence_score >= 0.7 THEN 1 END)  AS cost_per_confident_usd__over
FROM report_call
GROUP BY model, task
HAVING count(action) + count(confidence_score) > 0
ORDER BY
    sum(cost_micro) + sum(cost_pico) / 1000000 DESC NULLS LAST, sum(cost_pico) % 1000000 DESC, calls DESC,
    model, task
