-- How confidence is spread: calls in ten buckets from 0 to 1. A bucket holds its lower end, and the last holds 1 too.
SELECT
    low                                                                          AS from_confidence,
    high                                                                         AS to_confidence,
    coalesce(sum(calls), 0)                                                      AS count,
    round(1.0 * coalesce(sum(calls), 0) / nullif(sum(sum(calls)) OVER (), 0), 4) AS share
FROM (
    SELECT 0.0 AS low, 0.1 AS high UNION ALL
    SELECT 0.1, 0.2 UNION ALL
    SELECT 0.2, 0.3 UNION ALL
    SELECT 0.3, 0.4 UNION ALL
    SELECT 0.4, 0.5 UNION ALL
    SELECT 0.5, 0.6 UNION ALL
    SELECT 0.6, 0.7 UNION ALL
    SELECT 0.7, 0.8 UNION ALL
    SELECT 0.8, 0.9 UNION ALL
    SELECT 0.9, 1.0
) AS bucket
LEFT JOIN (
    SELECT confidence_score, count(*) AS calls
    FROM report_call
    WHERE confidence_score IS NOT NULL
    GROUP BY confidence_score
) AS scored ON confidence_score >= low AND (confidence_score < high OR confidence_score = 1.0 AND high = 1.0)
GROUP BY low, high
ORDER BY low
