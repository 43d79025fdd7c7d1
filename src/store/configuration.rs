//! The id of a configuration follows from its content.

use serde_json::{Number, Value};

/// Deeper content has no reader.
const DEEPEST: usize = 127;

/// The id of a configuration: a UUID (version 5) hashed from its content in canonical form, so that equal content has one id
/// in every ledger. The order of members and the spelling of whole numbers (`1`, `1.0`) make no difference.
///
/// ```
/// use serde_json::json;
/// use spanledger::store::configuration_id;
///
/// assert_eq!(configuration_id(&json!({"a": 1, "b": [true]})), configuration_id(&json!({"b": [true], "a": 1.0})));
/// assert_ne!(configuration_id(&json!([1, 2])), configuration_id(&json!([2, 1])));
/// ```
#[must_use]
pub fn configuration_id(content: &Value) -> String {
    let key = ["configuration\0", &canonical(content).to_string()].concat();
    uuid::Uuid::new_v5(&super::NAMESPACE, key.as_bytes()).to_string()
}

/// The same content, always in the same form: members by their names, whole numbers without a fraction.
pub(super) fn canonical(content: &Value) -> Value {
    at_depth(content, 0)
}

fn at_depth(value: &Value, depth: usize) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) if depth == DEEPEST => "(too deep)".into(),
        Value::Array(items) => items.iter().map(|item| at_depth(item, depth + 1)).collect(),
        Value::Object(members) => {
            // `serde_json` may be built to keep their order.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            members.into_iter().map(|(name, item)| (name.clone(), at_depth(item, depth + 1))).collect()
        }
        Value::Number(number) => Value::Number(whole(number).unwrap_or_else(|| number.clone())),
        other => other.clone(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
fn whole(number: &Number) -> Option<Number> {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15)?;
    Some(Number::from(float as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// It is in every ledger: with another one, equal content would have two ids.
    #[test]
    fn the_id_of_a_content_stays_the_same_for_ever() {
        let content = json!({"temperature": 0.2, "stage_models": {"extract": ["gpt-4.1", "o3"]}, "orchestrator_prompt": "\u{e9}\n"});
        assert_eq!(configuration_id(&content), "f1c6b4fd-f837-55e6-afc1-b51e90228208");
    }

    #[test]
    fn content_of_any_depth_has_an_id() {
        let deep = (0..500).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(configuration_id(&deep).len(), 36);
    }
}
