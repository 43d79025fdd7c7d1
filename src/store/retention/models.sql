-- The models that a name may mean: ?1 is the whole of it, ?2 and ?3 are what stands before and behind its last @.
SELECT id, modelname, version
FROM ai_model
WHERE modelname = ?1 OR (modelname = ?2 AND version = ?3)
ORDER BY modelname, version
