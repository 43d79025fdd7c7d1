-- A text in what people know a call by, in any case; or how its id begins.
AND (
    lower(concat_ws(' / ', call.user_id, person.name, person.email, call.task, call.operation, call.model_alias,
                    call.request_model, call.response_model, call.model_identifier, call.error_type, call.error_message))
        LIKE lower(?) ESCAPE '!'
    OR call.id LIKE lower(?) ESCAPE '!'
)
