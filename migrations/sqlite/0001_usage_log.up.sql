-- The ledger: one row per AI call, the models that answered, what was learnt of a call later, and the tables beside it.
--
-- Times are TEXT in UTC, always `YYYY-MM-DD HH:MM:SS.ffffff`: they sort as text, SQLite's date functions read them, and
-- they compare rightly with `datetime('now', '-7 days')`.
-- Money is exact in `*_picousd` (whole 1e-12 dollars); the `*_usd` columns are computed from it, for people and filters.
-- NULL is unknown, which is never zero.
-- JSON that may be NULL says so in its CHECK: to SQLite 3.40, with which somebody may look or restore a copy, NULL is not valid.

CREATE TABLE ai_model (
    id          TEXT PRIMARY KEY NOT NULL,
    modelname   TEXT NOT NULL,
    version     TEXT NOT NULL DEFAULT '',
    extra       TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(extra)),
    created_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    updated_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    UNIQUE (modelname, version)
) STRICT;

CREATE TABLE usage_log (
    -- Identity. The key is (trace_id, span_id, started_at); `id` is a UUID hashed from the three.
    id                      TEXT PRIMARY KEY NOT NULL,
    trace_id                TEXT NOT NULL,
    span_id                 TEXT NOT NULL,
    parent_span_id          TEXT,
    ai_parent_span_id       TEXT,
    service_name            TEXT,
    environment             TEXT,
    -- Time.
    started_at              TEXT NOT NULL,
    ended_at                TEXT NOT NULL,
    duration_ms             REAL,
    time_to_first_chunk_ms  REAL,
    -- What.
    provider                TEXT NOT NULL,
    operation               TEXT NOT NULL,
    request_model           TEXT,
    response_model          TEXT,
    model_id                TEXT REFERENCES ai_model (id) ON DELETE CASCADE,
    model_alias             TEXT,
    model_identifier        TEXT,
    node_id                 TEXT,
    response_id             TEXT,
    streamed                INTEGER CHECK (streamed IN (0, 1)),
    temperature             REAL,
    service_tier            TEXT,
    finish_reasons          TEXT CHECK (finish_reasons IS NULL OR json_valid(finish_reasons)),
    -- For whom.
    task                    TEXT,
    user_id                 TEXT,
    conversation_id         TEXT,
    job_id                  TEXT,
    configuration_id        TEXT,
    variant                 TEXT,
    attempt                 INTEGER,
    previous_id             TEXT,
    tags                    TEXT NOT NULL CHECK (json_valid(tags)),
    -- Usage. Totals are inclusive: caches are part of the input, reasoning is part of the output.
    input_tokens            INTEGER,
    output_tokens           INTEGER,
    total_tokens            INTEGER,
    cache_read_tokens       INTEGER,
    cache_write_tokens      INTEGER,
    reasoning_tokens        INTEGER,
    usage_details           TEXT CHECK (usage_details IS NULL OR json_valid(usage_details)),
    usage_source            TEXT NOT NULL,
    -- Money.
    cost_picousd            INTEGER,
    input_cost_picousd      INTEGER,
    output_cost_picousd     INTEGER,
    cost_usd                REAL GENERATED ALWAYS AS (cost_picousd / 1e12) VIRTUAL,
    input_cost_usd          REAL GENERATED ALWAYS AS (input_cost_picousd / 1e12) VIRTUAL,
    output_cost_usd         REAL GENERATED ALWAYS AS (output_cost_picousd / 1e12) VIRTUAL,
    pricing_status          TEXT,
    price_source            TEXT,
    price_version           TEXT,
    -- Trust.
    confidence_score        REAL,
    confidence_breakdown    TEXT CHECK (confidence_breakdown IS NULL OR json_valid(confidence_breakdown)),
    action                  TEXT,
    fallback_reason         TEXT,
    -- Outcome.
    status                  TEXT NOT NULL CHECK (status IN ('success', 'error')),
    ending                  TEXT NOT NULL,
    http_status             INTEGER,
    error_type              TEXT,
    error_message           TEXT CHECK (error_message IS NOT NULL OR status = 'success'),
    -- Rest.
    billable                INTEGER NOT NULL DEFAULT 1 CHECK (billable IN (0, 1)),
    dialect                 TEXT,
    mapping_version         INTEGER NOT NULL,
    extra                   TEXT NOT NULL CHECK (json_valid(extra)),
    created_at              TEXT NOT NULL, -- when the row arrived; `started_at` is when the call was made
    updated_at              TEXT NOT NULL, -- when it last changed
    -- Internal. Versions of one row are ordered by (source_rank, ended_at, content_hash): the greatest stands.
    source_rank             INTEGER NOT NULL, -- 2 our capture, 1 OTLP with spanledger.*, 0 others
    content_hash            INTEGER NOT NULL,
    billable_stated         INTEGER,          -- what the caller said of `billable`; NULL: the rule for leaves decides
    confidence_given        INTEGER,          -- 1 somebody stated the score, 0 it was derived, NULL there is none
    UNIQUE (trace_id, span_id, started_at)
) STRICT;

-- A filter by one of these shows the newest first without sorting. Those on what is mostly unknown leave NULL out.
CREATE INDEX usage_log_started_at       ON usage_log (started_at);
CREATE INDEX usage_log_request_model    ON usage_log (request_model, started_at);
CREATE INDEX usage_log_model_identifier ON usage_log (model_identifier, started_at);
CREATE INDEX usage_log_model_alias      ON usage_log (model_alias, started_at) WHERE model_alias IS NOT NULL;
CREATE INDEX usage_log_task             ON usage_log (task, started_at);
CREATE INDEX usage_log_user_id          ON usage_log (user_id, started_at) WHERE user_id IS NOT NULL;
CREATE INDEX usage_log_conversation_id  ON usage_log (conversation_id, started_at) WHERE conversation_id IS NOT NULL;
CREATE INDEX usage_log_job_id           ON usage_log (job_id, started_at) WHERE job_id IS NOT NULL;
CREATE INDEX usage_log_action           ON usage_log (action, started_at) WHERE action IS NOT NULL;
CREATE INDEX usage_log_configuration_id ON usage_log (configuration_id, started_at) WHERE configuration_id IS NOT NULL;
-- The calls that lie under a call.
CREATE INDEX usage_log_under            ON usage_log (trace_id, ai_parent_span_id) WHERE ai_parent_span_id IS NOT NULL;
CREATE INDEX usage_log_directly_under   ON usage_log (trace_id, parent_span_id) WHERE parent_span_id IS NOT NULL;

-- Streams that tell no usage are counted under every report: an index holds them, and only them.
CREATE INDEX usage_log_silent_stream ON usage_log (started_at)
WHERE streamed = 1 AND usage_source IN ('none', 'estimated') AND status = 'success' AND ending = 'complete';

-- What was learnt of a call after its row was written, one row per fact: `confidence`, `action` and `response_data` go into
-- the call's own columns, other names are evaluations. A fact may arrive before its call, so nothing is referenced.
-- Of two that say the same thing the greater (given, recorded_at, content_hash) stands, in any order of arrival.
CREATE TABLE ai_call_score (
    call_id       TEXT NOT NULL,
    name          TEXT NOT NULL,
    score         REAL,
    label         TEXT,
    detail        TEXT CHECK (detail IS NULL OR json_valid(detail)),
    marks         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(marks)), -- merged into the call's `extra`; null removes
    given         INTEGER NOT NULL DEFAULT 1,
    recorded_at   TEXT NOT NULL,
    content_hash  INTEGER NOT NULL,
    created_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    updated_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    PRIMARY KEY (call_id, name)
) STRICT, WITHOUT ROWID;

-- THE RULE FOR LEAVES: a call counts unless another AI call of its trace lies under it: its nearest AI ancestor is known,
-- or it lies directly under it.
CREATE VIEW usage_log_leaf AS
SELECT id, coalesce(billable_stated, NOT EXISTS (
    SELECT 1 FROM usage_log AS under
    WHERE under.trace_id = call.trace_id AND (under.ai_parent_span_id = call.span_id OR under.parent_span_id = call.span_id)
      AND under.span_id <> call.span_id
)) AS billable
FROM usage_log AS call;

-- THE RULE FOR FACTS: what was said later stands, but a derived confidence never replaces a stated one.
CREATE VIEW usage_log_learnt AS
SELECT
    id,
    iif(heard, later_score, confidence_score)         AS confidence_score,
    iif(heard, later_breakdown, confidence_breakdown) AS confidence_breakdown,
    iif(heard, later_given, confidence_given)         AS confidence_given,
    iif(acted, later_action, action)                  AS action,
    iif(acted, later_reason, fallback_reason)         AS fallback_reason,
    iif(answered, json_set(marked, '$.response_data', json(later_response)), marked) AS extra
FROM (
    SELECT
        call.id, call.confidence_score, call.confidence_breakdown, call.confidence_given, call.action, call.fallback_reason,
        confidence.score AS later_score, confidence.detail AS later_breakdown, confidence.given AS later_given,
        action.label AS later_action, action.detail ->> '$' AS later_reason, response.detail AS later_response,
        iif(confidence.given >= coalesce(call.confidence_given, 0), json_patch(call.extra, confidence.marks), call.extra)
            AS marked,
        coalesce(confidence.given >= coalesce(call.confidence_given, 0), 0) AS heard,
        action.name IS NOT NULL   AS acted,
        response.name IS NOT NULL AS answered
    FROM usage_log AS call
    LEFT JOIN ai_call_score AS confidence ON confidence.call_id = call.id AND confidence.name = 'confidence'
    LEFT JOIN ai_call_score AS action     ON action.call_id = call.id AND action.name = 'action'
    LEFT JOIN ai_call_score AS response   ON response.call_id = call.id AND response.name = 'response_data'
);

-- Each new row asks whether it lies under another one, and mostly does not. `span_id IN (NEW.…)` would make SQLite build a table
-- of its own for that, for every row: half of the work of an insert.
CREATE TRIGGER usage_log_leaf_after_insert AFTER INSERT ON usage_log
WHEN EXISTS (SELECT 1 FROM usage_log WHERE trace_id = NEW.trace_id AND span_id = NEW.ai_parent_span_id)
  OR EXISTS (SELECT 1 FROM usage_log WHERE trace_id = NEW.trace_id AND span_id = NEW.parent_span_id)
  OR EXISTS (SELECT 1 FROM usage_log WHERE trace_id = NEW.trace_id AND ai_parent_span_id = NEW.span_id)
  OR EXISTS (SELECT 1 FROM usage_log WHERE trace_id = NEW.trace_id AND parent_span_id = NEW.span_id)
BEGIN
    UPDATE usage_log
    SET billable = (SELECT billable FROM usage_log_leaf AS leaf WHERE leaf.id = usage_log.id),
        updated_at = strftime('%Y-%m-%d %H:%M:%f000', 'now')
    WHERE trace_id = NEW.trace_id AND span_id IN (NEW.span_id, NEW.ai_parent_span_id, NEW.parent_span_id);
END;

CREATE TRIGGER usage_log_leaf_after_update AFTER UPDATE OF content_hash ON usage_log
BEGIN
    UPDATE usage_log
    SET billable = (SELECT billable FROM usage_log_leaf AS leaf WHERE leaf.id = usage_log.id),
        updated_at = strftime('%Y-%m-%d %H:%M:%f000', 'now')
    WHERE trace_id = NEW.trace_id AND span_id IN (
        NEW.span_id, NEW.ai_parent_span_id, NEW.parent_span_id, OLD.ai_parent_span_id, OLD.parent_span_id
    );
END;

CREATE TRIGGER usage_log_after_delete AFTER DELETE ON usage_log
BEGIN
    DELETE FROM ai_call_score WHERE call_id = OLD.id;
    UPDATE usage_log
    SET billable = (SELECT billable FROM usage_log_leaf AS leaf WHERE leaf.id = usage_log.id),
        updated_at = strftime('%Y-%m-%d %H:%M:%f000', 'now')
    WHERE trace_id = OLD.trace_id AND span_id IN (OLD.ai_parent_span_id, OLD.parent_span_id);
END;

CREATE TRIGGER usage_log_learnt_after_insert AFTER INSERT ON usage_log
WHEN EXISTS (SELECT 1 FROM ai_call_score WHERE call_id = NEW.id)
BEGIN
    UPDATE usage_log
    SET (confidence_score, confidence_breakdown, confidence_given, action, fallback_reason, extra) = (
        SELECT confidence_score, confidence_breakdown, confidence_given, action, fallback_reason, extra
        FROM usage_log_learnt AS learnt WHERE learnt.id = usage_log.id)
    WHERE id = NEW.id;
END;

CREATE TRIGGER usage_log_learnt_after_update AFTER UPDATE OF content_hash ON usage_log
WHEN EXISTS (SELECT 1 FROM ai_call_score WHERE call_id = NEW.id)
BEGIN
    UPDATE usage_log
    SET (confidence_score, confidence_breakdown, confidence_given, action, fallback_reason, extra) = (
        SELECT confidence_score, confidence_breakdown, confidence_given, action, fallback_reason, extra
        FROM usage_log_learnt AS learnt WHERE learnt.id = usage_log.id)
    WHERE id = NEW.id;
END;

CREATE TRIGGER ai_call_score_after_insert AFTER INSERT ON ai_call_score
BEGIN
    UPDATE usage_log
    SET (confidence_score, confidence_breakdown, confidence_given, action, fallback_reason, extra, updated_at) = (
        SELECT confidence_score, confidence_breakdown, confidence_given, action, fallback_reason, extra, NEW.updated_at
        FROM usage_log_learnt AS learnt WHERE learnt.id = usage_log.id)
    WHERE id = NEW.call_id;
END;

CREATE TRIGGER ai_call_score_after_update AFTER UPDATE ON ai_call_score
BEGIN
    UPDATE usage_log
    SET (confidence_score, confidence_breakdown, confidence_given, action, fallback_reason, extra, updated_at) = (
        SELECT confidence_score, confidence_breakdown, confidence_given, action, fallback_reason, extra, NEW.updated_at
        FROM usage_log_learnt AS learnt WHERE learnt.id = usage_log.id)
    WHERE id = NEW.call_id;
END;

-- Who the users are: filled by import, joined to show and to search, never required.
CREATE TABLE ai_user (
    id          TEXT PRIMARY KEY NOT NULL, -- `usage_log.user_id`
    name        TEXT,
    email       TEXT,
    link        TEXT,
    created_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    updated_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now'))
) STRICT;

CREATE INDEX ai_user_email ON ai_user (email);

-- What a configuration holds. Equal content has the same id.
CREATE TABLE ai_configuration (
    id            TEXT PRIMARY KEY NOT NULL, -- `usage_log.configuration_id`
    name          TEXT,
    model_config  TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(model_config)),
    created_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    updated_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now'))
) STRICT;

-- What was asked and answered, where its capture was asked for. It may arrive before its call, so nothing is referenced.
CREATE TABLE ai_call_content (
    call_id     TEXT PRIMARY KEY NOT NULL,
    prompt      TEXT,                             -- the last message of the user
    request     TEXT CHECK (request IS NULL OR json_valid(request)),  -- the messages
    response    TEXT CHECK (response IS NULL OR json_valid(response)), -- the answer
    started_at  TEXT NOT NULL,                    -- of the call: what its retention counts from
    created_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now'))
) STRICT;

CREATE INDEX ai_call_content_started_at ON ai_call_content (started_at);

CREATE TRIGGER ai_call_content_after_delete AFTER DELETE ON usage_log
BEGIN
    DELETE FROM ai_call_content WHERE call_id = OLD.id;
END;
