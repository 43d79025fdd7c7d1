-- Calls as a small company makes them, spread evenly over hours: 200 users, each at one or two of eight tasks, each task with
-- a model of its own (one call in ten goes to another one), jobs of ten calls, streams, errors, models without a price.
-- Parameters: ?1 how many calls, ?2 the first one's start in microseconds since 1970, ?3 microseconds between two calls.
WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < ?1),
-- Numbers that look like chance, and are the same every time.
chance AS (
    SELECT n, (n * 2654435761 + 97) % 1000003 AS a, (n * 40503 + 12345) % 999983 AS b, ?2 + n * ?3 AS at FROM number
),
choice AS (
    SELECT n, a, b, at, (a % 200) * (b % 200) / 200 AS person, a / 200 % 100 AS percent, b / 200 % 100 AS per_cent FROM chance
),
call AS (
    SELECT
        n, a, b, person, percent, per_cent, (person + percent % 2) % 8 AS task,
        strftime('%Y-%m-%d %H:%M:%S', at / 1000000, 'unixepoch') || printf('.%06d', at % 1000000) AS started_at,
        percent < 3 AS failed, per_cent < 30 AS streamed, per_cent < 60 AS in_job,
        20 + a % 4000 AS input, 1 + b % 900 AS output
    FROM choice
),
priced AS (
    SELECT *, (task + (per_cent >= 90)) % 6 AS model, 300 + b % 5000 + (a % 1000) / 1e3 AS duration FROM call
)
INSERT INTO usage_log (
    id, trace_id, span_id, service_name, environment, started_at, ended_at, duration_ms, time_to_first_chunk_ms,
    provider, operation, request_model, response_model, model_identifier, streamed, finish_reasons,
    task, user_id, conversation_id, job_id, configuration_id, variant, attempt, tags,
    input_tokens, output_tokens, total_tokens, cache_read_tokens, reasoning_tokens, usage_source,
    cost_picousd, input_cost_picousd, output_cost_picousd, pricing_status, price_source, price_version,
    confidence_score, action, status, ending, http_status, error_type, error_message,
    dialect, mapping_version, extra, created_at, updated_at, source_rank, content_hash
)
SELECT
    printf('%08x-%04x-5%03x-8%03x-%012x', a * 4295 % 4294967296, b % 65536, n % 4096, b % 4096, n),
    printf('%032x', n / 10), printf('%016x', n + 1), 'catalogue', 'production', started_at,
    strftime('%Y-%m-%d %H:%M:%f000', started_at, printf('+%.3f seconds', duration / 1e3)), duration,
    iif(streamed, duration / 4, NULL),
    iif(model < 4, 'openai', 'anthropic'), iif(task = 7, 'embeddings', 'chat'), 'model-' || model,
    'model-' || model || '-2026-01-01', iif(model < 4, 'openai:', 'anthropic:') || 'model-' || model, streamed,
    '["stop"]',
    'task_' || task, 'user-' || person, iif(in_job, NULL, 'conversation-' || (n / 20)), iif(in_job, 'job-' || (n / 10), NULL),
    iif(in_job, 'configuration-' || (task % 4), NULL), iif(in_job, 'ab' || (person % 2), NULL), iif(in_job, 1, NULL),
    json_object('image_id', n / 10, 'section', 'section-' || (person % 12)),
    iif(failed, NULL, input), iif(failed, NULL, output), iif(failed, NULL, input + output), iif(failed, NULL, input / 3),
    iif(failed OR task <> 3, NULL, output / 2), iif(failed, 'none', 'provider'),
    iif(failed OR model = 5, NULL, input * 2500000 + output * 10000000), iif(failed OR model = 5, NULL, input * 2500000),
    iif(failed OR model = 5, NULL, output * 10000000), iif(model = 5, 'unpriced', iif(failed, NULL, 'exact')),
    'genai-prices', '2026-09-01',
    iif(in_job, round(0.4 + (a % 600) / 1e3, 3), NULL), iif(in_job, iif(b % 100 < 12, 'fallback_to_rules', 'use_ai_result'), NULL),
    iif(failed, 'error', 'success'), 'complete', iif(failed, 429, 200), iif(failed, 'rate_limit', NULL),
    iif(failed, 'Rate limit reached for requests', NULL),
    'openai', 1,
    json_object('openai.api.type', 'chat_completions', 'server.address', 'api.openai.com', 'server.port', 443,
        'spanledger.request.bytes', input * 4, 'spanledger.response.bytes', output * 5, 'network.protocol.version', '2'),
    started_at, started_at, 2, n
FROM priced
