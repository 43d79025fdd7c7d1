-- How confidence is spread: calls in ten buckets from 0 to 1. A bucket holds its lower end, and the last holds 1 too.
SELECT
    low                                                                                   AS from_confidence,
    high                                                                                  AS to_confidence,
    count(report_call.id)                                                                 AS count,
    round(1.0 * count(report_call.id) / nullif(sum(count(report_call.id)) OVER (), 0), 4) AS share
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
LEFT JOIN report_call
    ON confidence_score >= low AND (confidence_score < high OR confidence_score = 1.0 AND high = 1.0)
GROUP BY low, high
ORDER BY low
