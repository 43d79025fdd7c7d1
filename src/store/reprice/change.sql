-- A new price for a row, if it is still the version that was priced: the content stays what it was, so a replay is a no-op.
UPDATE usage_log
SET cost_picousd = ?, input_cost_picousd = ?, output_cost_picousd = ?,
    pricing_status = ?, price_source = ?, price_version = ?, updated_at = ?
WHERE id = ? AND content_hash = ?
