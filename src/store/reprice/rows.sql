-- Calls as pricing sees them, what they cost now, and which version of the row this is: oldest first, behind (?, ?), before ?.
SELECT
    id, started_at, provider, operation, request_model, response_model, service_tier,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, usage_details, usage_source,
    cost_picousd AS cost_usd, input_cost_picousd AS input_cost_usd, output_cost_picousd AS output_cost_usd,
    pricing_status, price_source, price_version, http_status, error_type, extra, billable, billable_stated, content_hash
FROM usage_log
WHERE (started_at, id) > (?, ?) AND started_at < ?
