//! How what was read gets into a [`Call`]: capped, and the first or the last of several.

use serde_json::Value;

use super::lenient::{Flag, List, Text};
use crate::{
    call::{Call, Usage, UsageSource},
    framing::Message,
};

/// The longest id or name that is taken from the wire, in bytes.
const MAX_NAME_BYTES: usize = 512;

/// The first of several wins: ids and models, which decoy chunks leave empty.
pub(super) fn first(slot: &mut Option<String>, text: &Text<'_>) {
    if slot.is_none() {
        *slot = text.get().map(name);
    }
}

/// The last of several wins; absence does not overwrite.
pub(super) fn last(slot: &mut Option<String>, text: &Text<'_>) {
    if let Some(text) = text.get() {
        *slot = Some(name(text));
    }
}

/// An id or a name, capped.
pub(super) fn name(text: &str) -> String {
    cut(text, MAX_NAME_BYTES).to_owned()
}

/// The start of a text, at most so many bytes, cut between characters.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// An attribute that has no field of its own, if it is known.
pub(super) fn extra(call: &mut Call, attribute: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        call.extra.insert(attribute.to_owned(), value.into());
    }
}

/// [`extra`] for a text.
pub(super) fn extra_text(call: &mut Call, attribute: &str, text: &Text<'_>) {
    extra(call, attribute, text.get().map(name));
}

/// [`extra`] for an array of texts; an empty one says nothing.
pub(super) fn extra_list(call: &mut Call, attribute: &str, texts: &List<Text<'_>>) {
    let texts: Vec<_> = texts.0.iter().filter_map(Text::get).map(name).collect();
    extra(call, attribute, (!texts.is_empty()).then_some(texts));
}

/// The model that was asked for: one in the body is nearer to the truth than the one in the path.
pub(super) fn request_model(call: &mut Call, model: &Text<'_>) {
    last(&mut call.request.model, model);
}

/// Whether a stream was asked for, where the protocol's default is known.
pub(super) fn stream(call: &mut Call, stream: Flag, default: bool) {
    call.request.stream = Some(stream.0.or(call.request.stream).unwrap_or(default));
}

/// A unit of usage: the last that is stated wins. Zero of a rare unit is not worth a line.
pub(super) fn unit(call: &mut Call, name: &'static str, amount: Option<f64>) {
    if let Some(amount) = amount.filter(|amount| *amount > 0.0) {
        call.usage.details.insert(name.into(), amount);
    }
}

/// [`unit()`] for what is counted from the containers of a message down to this depth. Where they lack members the count is not
/// known, and neither is the whole usage.
pub(super) fn counted(call: &mut Call, name: &'static str, count: usize, message: Message<'_>, depth: usize) {
    if message.is_whole_to(depth) {
        unit(call, name, Some(count as f64));
    } else {
        call.usage.source = UsageSource::Partial;
    }
}

/// The counts of a later message of the same stream: each that is stated wins, absence does not overwrite. (They are totals
/// so far. Larger is not truer: Gemini's first chunk may count more than the last, which its total agrees with.)
pub(super) fn counts(call: &mut Call, later: &Usage) {
    let mine = &mut call.usage;
    for (mine, theirs) in [
        (&mut mine.input_tokens, later.input_tokens),
        (&mut mine.output_tokens, later.output_tokens),
        (&mut mine.cache_read_tokens, later.cache_read_tokens),
        (&mut mine.cache_write_tokens, later.cache_write_tokens),
        (&mut mine.reasoning_tokens, later.reasoning_tokens),
    ] {
        *mine = theirs.or(*mine);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_between_characters() {
        let long = "ä".repeat(400);
        assert_eq!(name(&long).len(), 512);
        assert_eq!(cut("aä", 2), "a");
        assert_eq!(cut("aä", 99), "aä");
    }
}
