-- How far answers can be trusted, by model and task: the average and the lowest confidence, the least trusted first.
SELECT
    model,
    task,
    count(*)                        AS calls,
    count(confidence_score)         AS scored,
    round(avg(confidence_score), 4) AS average_confidence,
    round(min(confidence_score), 4) AS lowest_confidence
FROM report_call
GROUP BY model, task
ORDER BY average_confidence NULLS LAST, calls DESC, model, task
