-- What could not be priced, by the name that pricing goes by: the model that answered, never an alias. The most tokens first.
SELECT
    provider, coalesce(response_model, request_model) AS model, count(*) AS calls,
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens
FROM report_call
WHERE unpriced = 1
GROUP BY provider, coalesce(response_model, request_model)
ORDER BY coalesce(sum(input_tokens), 0) + coalesce(sum(output_tokens), 0) DESC, calls DESC, provider, model
