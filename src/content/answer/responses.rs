//! Events of OpenAI's responses.

use serde_json::{Map, Value};

use super::{Budget, array, merge, object, set, slot};

/// Takes an event into the response. The last event has all of it.
pub(super) fn fold(said: &mut Map<String, Value>, mut event: Map<String, Value>, budget: &mut Budget) {
    let kind = event.remove("type");
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default();
    match kind {
        "response.completed" | "response.incomplete" | "response.failed" => {
            if let Some(Value::Object(whole)) = event.remove("response") {
                (*said, budget.cut) = (whole, 0);
            }
        }
        "response.created" => {
            if let Some(Value::Object(begun)) = event.remove("response") {
                merge::fold(said, begun, budget);
            }
        }
        "response.output_item.added" | "response.output_item.done" => {
            let item = event.remove("item").unwrap_or_default();
            if budget.takes(&item)
                && let Some(slot) =
                    array(said, "output").and_then(|items| slot(items, event.get("output_index"), budget))
            {
                *slot = item;
            }
        }
        _ => piece(said, kind, event, budget),
    }
}

/// A part of an item begins, or a text of it grows.
fn piece(said: &mut Map<String, Value>, kind: &str, mut event: Map<String, Value>, budget: &mut Budget) {
    let (list, index, text) = match kind {
        "response.content_part.added" | "response.output_text.delta" => ("content", "content_index", "text"),
        "response.refusal.delta" => ("content", "content_index", "refusal"),
        "response.reasoning_text.delta" => ("content", "content_index", "text"),
        "response.reasoning_summary_part.added" | "response.reasoning_summary_text.delta" => {
            ("summary", "summary_index", "text")
        }
        "response.function_call_arguments.delta" | "response.mcp_call_arguments.delta" => ("", "", "arguments"),
        "response.custom_tool_call_input.delta" => ("", "", "input"),
        _ => return,
    };
    let Some(item) =
        array(said, "output").and_then(|items| slot(items, event.get("output_index"), budget)).and_then(object)
    else {
        return;
    };
    let part = if list.is_empty() {
        Some(item)
    } else {
        array(item, list).and_then(|parts| slot(parts, event.get(index), budget)).and_then(object)
    };
    let Some(part) = part else { return };
    match (event.remove("part"), event.remove("delta")) {
        (Some(Value::Object(begun)), _) => begun.into_iter().for_each(|(name, value)| set(part, &name, value, budget)),
        (_, Some(Value::String(more))) => match part.get_mut(text) {
            Some(Value::String(said)) => budget.append(said, &more),
            _ => set(part, text, Value::String(more), budget),
        },
        _ => {}
    }
}
