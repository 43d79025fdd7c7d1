//! The names of the JSON members that hold text, in all protocols at once.
//!
//! A member of such a name may hold anything else too (`content` a list of parts, `delta` an object): only its strings are
//! text, and the members of an object within have names of their own. What is sound, an image or a file has other names
//! (`data`, `url`, `b64_json`, `images`).

use super::Side;

impl Side {
    /// Whether a member of this name holds text.
    pub(super) fn holds_text(self, name: &[u8]) -> bool {
        match self {
            Self::Asked => is_asked(name) || is_said_again(name),
            Self::Answered => is_answered(name),
            Self::Either => is_asked(name) || is_answered(name),
        }
    }
}

const fn is_asked(name: &[u8]) -> bool {
    matches!(
        name,
        b"prompt"
            | b"input"
            | b"inputs"
            | b"system"
            | b"system_prompt"
            | b"instructions"
            | b"suffix"
            | b"query"
            | b"documents"
            | b"output"
    )
}

/// What stands in an answer, and in the request that continues the conversation.
const fn is_said_again(name: &[u8]) -> bool {
    matches!(name, b"content" | b"text" | b"thinking" | b"reasoning_content" | b"refusal" | b"arguments")
}

const fn is_answered(name: &[u8]) -> bool {
    is_said_again(name) || matches!(name, b"reasoning" | b"partial_json" | b"completion" | b"response" | b"delta")
}

/// Members that repeat text that stands elsewhere, take it apart, or were written by no model.
pub(super) const fn is_beside(name: &[u8]) -> bool {
    matches!(
        name,
        b"reasoning_details"
            | b"logprobs"
            | b"groundingMetadata"
            | b"annotations"
            | b"citations"
            | b"executed_tools"
            | b"search_results"
    )
}

/// Whether this beginning of a message ends where the string of an answer's text begins: `…"content":"`.
pub(crate) fn ends_with_name_of_text(json: &[u8]) -> bool {
    let name = || {
        let json = json.strip_suffix(b"\"")?.trim_ascii_end();
        let json = json.strip_suffix(b":")?.trim_ascii_end();
        let json = json.strip_suffix(b"\"")?;
        Some(&json[memchr::memrchr(b'"', json)? + 1..])
    };
    name().is_some_and(|name| Side::Answered.holds_text(name))
}
