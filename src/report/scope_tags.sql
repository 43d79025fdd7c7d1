-- Only these tags. Parameter: their names, as a JSON array.
, report_tag AS (
    SELECT id, tag, value FROM main.report_tag WHERE tag IN (SELECT value FROM json_each(?))
)
