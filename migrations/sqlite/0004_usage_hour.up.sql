-- The sums of the calls that count, by hours: what reports read instead of rows, wherever hours are enough.
--
-- They are recomputed from rows, never added to. Whoever changes rows marks their hours as dirty (the triggers below do it);
-- `spanledger` recomputes the marked hours that have ended, every few seconds. Until then a report reads the rows of these
-- hours and the sums of all others, so it is always right.

CREATE TABLE usage_hour (
    hour              TEXT NOT NULL,    -- when it begins, in UTC: `2026-11-21 08:00:00.000000`
    number            INTEGER NOT NULL, -- one of the hour's rows; it says nothing
    provider          TEXT NOT NULL,
    model             TEXT,
    task              TEXT NOT NULL,
    user_id           TEXT,
    configuration_id  TEXT,
    status            TEXT NOT NULL,
    calls             INTEGER NOT NULL,
    unpriced          INTEGER NOT NULL,
    estimated         INTEGER NOT NULL, -- calls whose tokens are estimates
    input_tokens      INTEGER,
    output_tokens     INTEGER,
    total_tokens      INTEGER,
    cache_read_tokens   INTEGER,
    cache_write_tokens  INTEGER,
    reasoning_tokens  INTEGER,
    priced            INTEGER NOT NULL,
    cost_micro        INTEGER,          -- millionths of a dollar, and the pico-dollars beyond them
    cost_pico         INTEGER,
    timed             INTEGER NOT NULL,
    duration_us       INTEGER,          -- microseconds of the `timed` calls
    scored            INTEGER NOT NULL,
    confidence_nano   INTEGER,          -- 1e-9 of the `scored` calls
    acted             INTEGER NOT NULL,
    fell_back         INTEGER NOT NULL,
    first_started_at  TEXT NOT NULL,
    last_started_at   TEXT NOT NULL,
    PRIMARY KEY (hour, number)
) STRICT, WITHOUT ROWID;

-- The hours whose sums are not those of the rows.
CREATE TABLE usage_hour_dirty (
    hour  TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO usage_hour_dirty SELECT DISTINCT substr(started_at, 1, 13) || ':00:00.000000' FROM usage_log;

-- THE RULE FOR SUMS: what a call adds to its hour. All of it is whole numbers, which add up exactly in any order. Nothing
-- takes longer than 115 days: a broken clock shall not overflow everybody's sums.
CREATE VIEW usage_hour_call AS
SELECT
    call.*, substr(started_at, 1, 13) || ':00:00.000000' AS hour, 1 AS calls,
    usage_source = 'estimated' AS estimated,
    cost_micro IS NOT NULL AS priced,
    duration_ms IS NOT NULL AS timed, CAST(round(min(duration_ms, 1e10) * 1e3) AS INTEGER) AS duration_us,
    confidence_score IS NOT NULL AS scored, CAST(round(confidence_score * 1e9) AS INTEGER) AS confidence_nano,
    action IS NOT NULL AS acted, coalesce(action = 'fallback_to_rules', 0) AS fell_back,
    started_at AS first_started_at, started_at AS last_started_at
FROM report_call AS call;

-- What reports read by hours: sums where an hour is clean, rows where it is dirty. Its rows are to be summed, never counted.
CREATE VIEW report_hour AS
SELECT
    substr(hour, 1, 10) AS period, hour, provider, model, task, user_id, configuration_id, status,
    calls, unpriced, estimated, input_tokens, output_tokens, total_tokens,
    cache_read_tokens, cache_write_tokens, reasoning_tokens,
    priced, cost_micro, cost_pico, timed, duration_us, scored, confidence_nano, acted, fell_back,
    first_started_at, last_started_at
FROM usage_hour
WHERE NOT EXISTS (SELECT 1 FROM usage_hour_dirty AS dirty WHERE dirty.hour = usage_hour.hour)
UNION ALL
SELECT
    period, call.hour, provider, model, task, user_id, configuration_id, status,
    calls, unpriced, estimated, input_tokens, output_tokens, total_tokens,
    cache_read_tokens, cache_write_tokens, reasoning_tokens,
    priced, cost_micro, cost_pico, timed, duration_us, scored, confidence_nano, acted, fell_back,
    first_started_at, last_started_at
FROM usage_hour_dirty AS dirty CROSS JOIN usage_hour_call AS call
WHERE call.started_at >= substr(dirty.hour, 1, 13) AND call.started_at < substr(dirty.hour, 1, 13) || ';';

-- Not `INSERT OR IGNORE`: the statement that fires a trigger decides what a conflict within it does.
CREATE TRIGGER usage_hour_after_insert AFTER INSERT ON usage_log
WHEN NOT EXISTS (SELECT 1 FROM usage_hour_dirty WHERE hour = substr(NEW.started_at, 1, 13) || ':00:00.000000')
BEGIN
    INSERT INTO usage_hour_dirty VALUES (substr(NEW.started_at, 1, 13) || ':00:00.000000');
END;

-- Every column that a sum, or what it is by, reads.
CREATE TRIGGER usage_hour_after_update AFTER UPDATE OF
    started_at, provider, operation, request_model, response_model, model_alias, task, user_id, configuration_id, status,
    billable, usage_source, input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
    cost_picousd, duration_ms, confidence_score, action
ON usage_log
BEGIN
    INSERT INTO usage_hour_dirty
    SELECT DISTINCT hour FROM (
        SELECT substr(OLD.started_at, 1, 13) || ':00:00.000000' AS hour
        UNION ALL SELECT substr(NEW.started_at, 1, 13) || ':00:00.000000'
    ) AS changed
    WHERE NOT EXISTS (SELECT 1 FROM usage_hour_dirty AS dirty WHERE dirty.hour = changed.hour);
END;

CREATE TRIGGER usage_hour_after_delete AFTER DELETE ON usage_log
WHEN NOT EXISTS (SELECT 1 FROM usage_hour_dirty WHERE hour = substr(OLD.started_at, 1, 13) || ':00:00.000000')
BEGIN
    INSERT INTO usage_hour_dirty VALUES (substr(OLD.started_at, 1, 13) || ':00:00.000000');
END;
