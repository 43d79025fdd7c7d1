-- The models that configurations name for their tasks against those that were called, for configurations that were used.
SELECT
    configuration_id,
    name,
    task,
    model,
    configured,
    calls,
    errors,
    cost_micro AS cost_usd__micro,
    cost_pico  AS cost_usd__pico,
    unpriced,
    CASE WHEN calls = 0 THEN 'configured and not called'
        WHEN configured IS NULL THEN 'the configuration names no model for this task'
        WHEN configured = 0 THEN 'called and not configured'
        ELSE 'as configured' END AS verdict
FROM (
    SELECT
        spent.configuration_id, ai_configuration.name, spent.task, spent.model, calls, errors, cost_micro, cost_pico, unpriced,
        CASE WHEN stage.task IS NULL THEN NULL WHEN named.model IS NULL THEN 0 ELSE 1 END AS configured
    FROM (
        SELECT
            configuration_id, task, model,
            sum(calls) AS calls, sum(CASE status WHEN 'error' THEN calls ELSE 0 END) AS errors,
            sum(cost_micro) AS cost_micro, sum(cost_pico) AS cost_pico, sum(unpriced) AS unpriced
        FROM report_hour
        WHERE configuration_id IS NOT NULL
        GROUP BY configuration_id, task, model
    ) AS spent
    LEFT JOIN ai_configuration ON ai_configuration.id = spent.configuration_id
    LEFT JOIN (SELECT DISTINCT configuration_id, task FROM report_configured) AS stage
        ON stage.configuration_id = spent.configuration_id AND stage.task = spent.task
    LEFT JOIN (SELECT DISTINCT configuration_id, task, model FROM report_configured) AS named
        ON named.configuration_id = spent.configuration_id AND named.task = spent.task AND named.model = spent.model
    UNION ALL
    SELECT DISTINCT configuration_id, name, task, model, 0, 0, NULL, NULL, 0, 1
    FROM report_configured
    WHERE EXISTS (SELECT 1 FROM report_hour WHERE report_hour.configuration_id = report_configured.configuration_id)
      AND NOT EXISTS (
        SELECT 1 FROM report_hour
        WHERE report_hour.configuration_id = report_configured.configuration_id
          AND report_hour.task = report_configured.task AND report_hour.model = report_configured.model
      )
) AS compared
ORDER BY configuration_id, task, calls DESC, model
