DROP TRIGGER usage_log_leaf_after_insert;

CREATE TRIGGER usage_log_leaf_after_insert AFTER INSERT ON usage_log
WHEN EXISTS (
        SELECT 1 FROM usage_log
        WHERE trace_id = NEW.trace_id AND span_id IN (NEW.ai_parent_span_id, NEW.parent_span_id)
    )
  OR EXISTS (SELECT 1 FROM usage_log WHERE trace_id = NEW.trace_id AND ai_parent_span_id = NEW.span_id)
  OR EXISTS (SELECT 1 FROM usage_log WHERE trace_id = NEW.trace_id AND parent_span_id = NEW.span_id)
BEGIN
    UPDATE usage_log
    SET billable = (SELECT billable FROM usage_log_leaf AS leaf WHERE leaf.id = usage_log.id),
        updated_at = strftime('%Y-%m-%d %H:%M:%f000', 'now')
    WHERE trace_id = NEW.trace_id AND span_id IN (NEW.span_id, NEW.ai_parent_span_id, NEW.parent_span_id);
END;
