-- The calls of the scope once for each of their tags. Which tags, if only some are asked for, follows.
, report_call_tag AS (
    SELECT
        report_call.*, tag.key AS tag,
        CASE tag.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(tag.value AS TEXT) END AS value
    FROM report_call, json_each(report_call.tags) AS tag
