DROP TRIGGER usage_hour_after_delete;
DROP TRIGGER usage_hour_after_update;
DROP TRIGGER usage_hour_after_insert;
DROP VIEW report_hour;
DROP VIEW usage_hour_call;
DROP TABLE usage_hour_dirty;
DROP TABLE usage_hour;
