-- The sums of an hour, from its rows. Parameter: ?1 the hour, as `usage_hour.hour`.
INSERT INTO usage_hour
SELECT
    ?1, row_number() OVER (), provider, model, task, user_id, configuration_id, status,
    sum(calls), sum(unpriced), sum(estimated), sum(input_tokens), sum(output_tokens), sum(total_tokens),
    sum(cache_read_tokens), sum(cache_write_tokens), sum(reasoning_tokens),
    sum(priced), sum(cost_micro), sum(cost_pico), sum(timed), sum(duration_us), sum(scored), sum(confidence_nano),
    sum(acted), sum(fell_back), min(first_started_at), max(last_started_at)
FROM usage_hour_call
WHERE started_at >= substr(?1, 1, 13) AND started_at < substr(?1, 1, 13) || ';'
GROUP BY provider, model, task, user_id, configuration_id, status
