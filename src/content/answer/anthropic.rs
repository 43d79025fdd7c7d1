//! Events of Anthropic's messages.

use serde_json::{Map, Value};

use super::{Budget, array, merge, object, slot};

/// The input of a tool while it comes in pieces of JSON.
const PIECES: &str = "partial_json";

/// Takes an event into the message.
pub(super) fn fold(said: &mut Map<String, Value>, mut event: Map<String, Value>, budget: &mut Budget) {
    let kind = event.remove("type");
    let index = event.remove("index");
    let mut member = |name: &str| match event.remove(name) {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    match kind.as_ref().and_then(Value::as_str).unwrap_or_default() {
        "message_start" => merge::fold(said, member("message"), budget),
        "message_delta" => {
            merge::fold(said, member("delta"), budget);
            let usage = Map::from_iter([("usage".to_owned(), Value::Object(member("usage")))]);
            merge::fold(said, usage, budget);
        }
        "content_block_start" => {
            let begun = Value::Object(member("content_block"));
            if budget.takes(&begun)
                && let Some(block) = array(said, "content").and_then(|blocks| slot(blocks, index.as_ref(), budget))
            {
                *block = begun;
            }
        }
        "content_block_delta" => {
            let delta = member("delta");
            let block = array(said, "content").and_then(|blocks| blocks.get_mut(place(index.as_ref())?));
            if let Some(block) = block.and_then(object) {
                delta.into_iter().for_each(|(name, value)| grow(block, &name, value, budget));
            }
        }
        "content_block_stop" => {
            let block = array(said, "content").and_then(|blocks| blocks.get_mut(place(index.as_ref())?));
            if let Some(Value::Object(block)) = block {
                stop(block);
            }
        }
        _ => {}
    }
}

fn place(index: Option<&Value>) -> Option<usize> {
    usize::try_from(index?.as_u64()?).ok()
}

/// A piece of a block: a text grows, a citation is one more.
fn grow(block: &mut Map<String, Value>, name: &str, value: Value, budget: &mut Budget) {
    match (name, value) {
        ("type", _) => {}
        ("citation", citation) => {
            if let Some(citations) = array(block, "citations") {
                super::push(citations, citation, budget);
            }
        }
        (_, Value::String(more)) => match block.get_mut(name) {
            Some(Value::String(text)) => budget.append(text, &more),
            _ => super::set(block, name, Value::String(more), budget),
        },
        (_, value) => super::set(block, name, value, budget),
    }
}

/// A block is whole: the input of its tool is JSON now. One that was cut stays a text.
fn stop(block: &mut Map<String, Value>) {
    let pieces = block.get(PIECES).and_then(Value::as_str);
    if let Some(input) = pieces.and_then(|pieces| serde_json::from_str(pieces).ok()) {
        block.remove(PIECES);
        block.insert("input".to_owned(), input);
    }
}
