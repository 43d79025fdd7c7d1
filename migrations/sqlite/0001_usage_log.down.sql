-- Takes the ledger away, with everything in it. Triggers and indexes go with their tables.
DROP TABLE ai_call_content;
DROP TABLE ai_configuration;
DROP TABLE ai_user;
DROP VIEW usage_log_learnt;
DROP VIEW usage_log_leaf;
DROP TABLE ai_call_score;
DROP TABLE usage_log;
DROP TABLE ai_model;
