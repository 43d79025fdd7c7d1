-- The models that configurations name for their tasks against those that were called, for configurations that were used.
SELECT
    compared.configuration_id,
    ai_configuration.name,
    compared.task,
    model,
    calls,
    errors,
    cost_usd__micro,
    cost_usd__pico,
    unpriced,
    CASE
        WHEN calls = 0 THEN 'configured and not called'
        WHEN configured = 1 THEN 'as configured'
        WHEN stage.task IS NOT NULL THEN 'called and not configured'
        ELSE 'no model is configured for this task'
    END AS verdict
FROM (
    SELECT
        coalesce(spent.configuration_id, named.configuration_id) AS configuration_id,
        coalesce(spent.task, named.task)                         AS task,
        coalesce(spent.model, named.model)                       AS model,
        coalesce(calls, 0)                                       AS calls,
        coalesce(errors, 0)                                      AS errors,
        cost_usd__micro,
        cost_usd__pico,
        coalesce(unpriced, 0)                           AS unpriced,
        CASE WHEN named.model IS NULL THEN 0 ELSE 1 END AS configured
    FROM (
        SELECT
            configuration_id,
            task,
            model,
            sum(calls)                                          AS calls,
            sum(CASE status WHEN 'error' THEN calls ELSE 0 END) AS errors,
            sum(cost_micro)                                     AS cost_usd__micro,
            sum(cost_pico)                                      AS cost_usd__pico,
            sum(unpriced)                                       AS unpriced
        FROM report_hour
        WHERE configuration_id IS NOT NULL
        GROUP BY configuration_id, task, model
    ) AS spent
    FULL JOIN (SELECT DISTINCT configuration_id, task, model FROM report_configured) AS named
        ON named.configuration_id = spent.configuration_id AND named.task = spent.task AND named.model = spent.model
) AS compared
LEFT JOIN ai_configuration ON ai_configuration.id = compared.configuration_id
LEFT JOIN (SELECT DISTINCT configuration_id, task FROM report_configured) AS stage
    ON stage.configuration_id = compared.configuration_id AND stage.task = compared.task
WHERE compared.configuration_id IN (SELECT configuration_id FROM report_hour)
ORDER BY compared.configuration_id, compared.task, calls DESC, model
