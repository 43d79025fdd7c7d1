-- Configurations, each as [id, name, content, when it was told]. Of two names for one content the later stands, in any order
-- of arrival; `updated_at` is when the name was told, `created_at` when the content was told first.
INSERT INTO ai_configuration AS old (id, name, model_config, created_at, updated_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 3
FROM json_each(?1)
WHERE true
ON CONFLICT (id) DO UPDATE SET
    name = iif((excluded.updated_at, excluded.name, excluded.model_config)
             > (old.updated_at, coalesce(old.name, ''), old.model_config), excluded.name, old.name),
    model_config = iif((excluded.updated_at, excluded.name, excluded.model_config)
                     > (old.updated_at, coalesce(old.name, ''), old.model_config), excluded.model_config, old.model_config),
    updated_at = max(old.updated_at, excluded.updated_at),
    created_at = min(old.created_at, excluded.created_at)
WHERE (excluded.updated_at, excluded.name, excluded.model_config)
    > (old.updated_at, coalesce(old.name, ''), old.model_config)
   OR excluded.created_at < old.created_at
