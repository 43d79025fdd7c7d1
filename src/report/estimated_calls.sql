-- How many calls have estimated tokens, and how many there are in all.
SELECT sum(estimated) AS estimated, sum(calls) AS calls FROM report_hour
