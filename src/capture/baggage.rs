//! OpenTelemetry's baggage as a source of the context, for those who asked for it.

use opentelemetry::{Context, baggage::BaggageExt as _};

use crate::{context::CallContext, span::names};

/// What the baggage of the current OpenTelemetry context says of who asks, and for what.
pub(super) fn context() -> CallContext {
    let mut context = CallContext::default();
    Context::map_current(|current| {
        for (key, (value, _)) in current.baggage() {
            let value = value.as_str();
            match key.as_str() {
                names::TASK => context.task = Some(value.to_owned()),
                names::USER_ID => context.user_id = Some(value.to_owned()),
                names::CONVERSATION_ID => context.conversation_id = Some(value.to_owned()),
                names::JOB_ID => context.job_id = Some(value.to_owned()),
                names::CONFIGURATION_ID => context.configuration_id = Some(value.to_owned()),
                names::VARIANT => context.variant = Some(value.to_owned()),
                key => {
                    if let Some(tag) = key.strip_prefix(names::TAG_PREFIX) {
                        context.tags.insert(tag.to_owned(), value.into());
                    }
                }
            }
        }
    });
    context
}

#[cfg(test)]
mod tests {
    use opentelemetry::KeyValue;

    use super::*;

    #[test]
    fn keys_are_the_names_of_the_attributes() {
        let baggage = [
            ("spanledger.task", "ocr"),
            ("user.id", "42"),
            ("gen_ai.conversation.id", "c"),
            ("spanledger.job.id", "j"),
            ("spanledger.configuration.id", "k"),
            ("spanledger.variant", "B"),
            ("spanledger.tag.shop", "North"),
            ("session.id", "s"),
        ];
        let baggage = baggage.map(|(key, value)| KeyValue::new(key, value));
        let _inside = Context::current().with_baggage(baggage).attach();
        let expected = CallContext::new("ocr").user(42).conversation("c").job("j").configuration("k").variant("B");
        assert_eq!(context(), expected.tag("shop", "North"));
    }
}
