//! No attribute twice: what others put beside a field's own attribute.

use serde_json::{Map, Value};

use crate::{
    call::Call,
    span::{
        Dialect, names,
        write::{AttributeName, AttributeValue, Attributes, write},
    },
};

/// Beside a field, whatever filled it, its own attribute with a value of another type says nothing: the call could not be
/// written without naming that attribute twice. What a price is written as goes too, for a price may still be found.
pub(crate) fn take_out(call: &mut Call) {
    let mut extra = Extra(std::mem::take(&mut call.extra));
    write(call, Dialect::Latest, &mut extra);
    call.extra = extra.0;
    call.extra.retain(|name, _| !names::PRICE.contains(&name.as_str()) && name != names::SOURCE);
}

struct Extra(Map<String, Value>);

impl Attributes for Extra {
    fn put(&mut self, name: AttributeName<'_>, _: AttributeValue<'_>) {
        match name {
            AttributeName::Fixed(name) | AttributeName::Given(name) => self.0.remove(name),
            AttributeName::Prefixed(prefix, rest) => self.0.remove(&format!("{prefix}{rest}")),
        };
    }
}
