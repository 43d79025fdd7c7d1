-- The steps of jobs in their order: model, tokens, cost and how long each took, and what the job cost up to there.
SELECT
    job_id,
    row_number() OVER job AS step,
    started_at,
    task,
    model,
    attempt,
    status,
    input_tokens,
    output_tokens,
    round(duration_ms, 1) AS duration_ms,
    cost_micro            AS cost_usd__micro,
    cost_pico             AS cost_usd__pico,
    unpriced,
    sum(cost_micro) OVER job AS running_cost_usd__micro,
    sum(cost_pico) OVER job  AS running_cost_usd__pico
FROM report_call
WHERE job_id IS NOT NULL
WINDOW job AS (PARTITION BY job_id ORDER BY started_at, id ROWS UNBOUNDED PRECEDING)
ORDER BY job_id, started_at, id
