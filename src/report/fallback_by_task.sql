-- How often rules were used instead of the answer, by task: of the calls of which the caller said what was done.
SELECT
    task,
    sum(calls)                                             AS calls,
    sum(acted)                                             AS acted,
    sum(fell_back)                                         AS fell_back,
    round(1.0 * sum(fell_back) / nullif(sum(acted), 0), 4) AS fallback_rate
FROM report_hour
GROUP BY task
ORDER BY fallback_rate DESC NULLS LAST, calls DESC, task
