-- What an answer that can be trusted costs, by task and model: all that was spent, over the answers that were used.
--
-- Failed calls, retries and answers that were not used are part of what was spent; `task_cost_per_used_usd` is over all models
-- of the task, for an answer that one model gives after another has failed. The second measure counts the answers with a
-- confidence of 0.7 and more instead. Tasks whose answers nobody judged are left out.
SELECT
    task,
    model,
    calls,
    cost_micro AS cost_usd__micro,
    cost_pico  AS cost_usd__pico,
    unpriced,
    used,
    cost_micro                   AS cost_per_used_usd__micro,
    cost_pico                    AS cost_per_used_usd__pico,
    used                         AS cost_per_used_usd__over,
    sum(cost_micro) OVER of_task AS task_cost_per_used_usd__micro,
    sum(cost_pico) OVER of_task  AS task_cost_per_used_usd__pico,
    sum(used) OVER of_task       AS task_cost_per_used_usd__over,
    confident,
    cost_micro AS cost_per_confident_usd__micro,
    cost_pico  AS cost_per_confident_usd__pico,
    confident  AS cost_per_confident_usd__over
FROM (
    SELECT
        task,
        model,
        count(*)                                                              AS calls,
        sum(cost_micro)                                                       AS cost_micro,
        sum(cost_pico)                                                        AS cost_pico,
        sum(unpriced)                                                         AS unpriced,
        count(CASE action WHEN 'use_ai_result' THEN 1 END)                    AS used,
        count(CASE WHEN confidence_score >= 0.7 THEN 1 END)                   AS confident,
        sum(count(action) + count(confidence_score)) OVER (PARTITION BY task) AS judged
    FROM report_call
    GROUP BY task, model
) AS spent
WHERE judged > 0
WINDOW of_task AS (PARTITION BY task)
ORDER BY
    cost_micro + cost_pico / 1000000 DESC NULLS LAST, cost_pico % 1000000 DESC, calls DESC,
    task, model
