-- The calls of the model ?2.
SELECT id AS key, started_at AS place, started_at AS at FROM usage_log WHERE model_id = ?2
