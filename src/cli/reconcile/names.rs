//! The same model under other names: exports write families, snapshots, or what people call a model.

use crate::store::split_model;

/// The model of a cell: `priority | gpt-5.6, output, long context` and `gpt-4o audio, input` are lines of a bill.
pub(super) fn listed(cell: &str) -> String {
    let cell = cell.rsplit_once(" | ").map_or(cell, |(_, item)| item);
    let Some((model, _)) = cell.split_once(", ") else { return cell.to_owned() };
    let kinds = [" audio", " text", " image"];
    kinds.iter().find_map(|kind| model.strip_suffix(kind)).unwrap_or(model).to_owned()
}

/// What all names of one model have in common: its words, and its numbers in their order, without a snapshot's date.
///
/// `claude-3-5-sonnet-20241022`, `Claude 3.5 Sonnet 2024-10-22` and `Claude Sonnet 3.5` are one family; `gpt-4.5` and
/// `gpt-5.4` are two.
pub(super) fn family(name: &str) -> String {
    let name = name.trim().to_lowercase().replace(' ', "-");
    let name = name.rsplit_once('/').map_or(&*name, |(_, model)| model);
    let (name, _) = split_model(name);
    let name = name.strip_suffix("-latest").unwrap_or(name);
    let parts = || name.split(|mark: char| !mark.is_alphanumeric()).filter(|part| !part.is_empty());
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut words: Vec<&str> = parts().filter(|part| !is_number(part)).collect();
    words.sort_unstable();
    words.extend(parts().filter(is_number));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_one_model_are_one_family() {
        for same in [
            &[
                "claude-3-5-sonnet-20241022",
                "Claude 3.5 Sonnet 2024-10-22",
                "Claude Sonnet 3.5",
                "claude-3-5-sonnet-latest",
            ][..],
            &["gpt-4o-2024-08-06", "gpt-4o", "GPT-4o", "openai/gpt-4o"],
            &["Claude Haiku 4.5", "claude-haiku-4-5-20251001"],
            &["gemini-1.5-pro-002", "models/gemini-1.5-pro"],
        ] {
            assert!(same.iter().all(|name| family(name) == family(same[0])), "{same:?}: {}", family(same[0]));
        }
        for [one, other] in [["gpt-4.5", "gpt-5.4"], ["gpt-4o", "gpt-4o-mini"], ["gpt-4", "gpt-4o"], ["o1", "o3"]] {
            assert_ne!(family(one), family(other));
        }
    }

    #[test]
    fn a_line_of_a_bill_names_its_model() {
        for (cell, model) in [
            ("gpt-4o-2024-08-06, cached input", "gpt-4o-2024-08-06"),
            ("priority | gpt-5.6-sol, output, long context", "gpt-5.6-sol"),
            ("gpt-audio-mini-2025-12-15 audio, input", "gpt-audio-mini-2025-12-15"),
            ("Claude Haiku 4.5", "Claude Haiku 4.5"),
            ("web search tool calls", "web search tool calls"),
        ] {
            assert_eq!(listed(cell), model);
        }
    }
}
