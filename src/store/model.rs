//! A model's name and its version.

/// Splits a dated or numbered snapshot off the end of a model's name. The version is empty where there is none.
///
/// ```
/// use spanledger::store::split_model;
///
/// assert_eq!(split_model("claude-3-sonnet-20240229"), ("claude-3-sonnet", "20240229"));
/// assert_eq!(split_model("gpt-4o"), ("gpt-4o", ""));
/// ```
#[must_use]
pub fn split_model(model: &str) -> (&str, &str) {
    model
        .char_indices()
        .filter(|(index, mark)| *index > 0 && matches!(mark, '-' | '@'))
        .map(|(index, _)| (&model[..index], &model[index + 1..]))
        .find(|(_, version)| is_snapshot(version))
        .unwrap_or((model, ""))
}

/// The id of a model on first sight, the same in every ledger.
pub(super) fn model_id(name: &str, version: &str) -> uuid::Uuid {
    uuid::Uuid::new_v5(&super::NAMESPACE, format!("{name}\0{version}").as_bytes())
}

/// `20240229`, `2024-08-06`, `09-2025`, `05-06` (month and day), `0125`, `002`.
fn is_snapshot(version: &str) -> bool {
    let parts: Vec<&str> = version.split('-').collect();
    let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let number = |part: &str| part.parse::<u32>().unwrap_or(0);
    if !parts.iter().all(digits) {
        return false;
    }
    match (parts.iter().map(|part| part.len()).collect::<Vec<_>>().as_slice(), parts.as_slice()) {
        ([8 | 4 | 3], _) => true,
        ([4, 2, 2], [_, month, day]) | ([2, 2], [month, day]) => {
            (1..=12).contains(&number(month)) && (1..=31).contains(&number(day))
        }
        ([2, 4], [month, _]) => (1..=12).contains(&number(month)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dated_or_numbered_snapshot_is_the_version() {
        for (model, name, version) in [
            ("claude-3-sonnet-20240229", "claude-3-sonnet", "20240229"),
            ("claude-3-sonnet@20240229", "claude-3-sonnet", "20240229"),
            ("gpt-4-0125", "gpt-4", "0125"),
            ("gemini-1.5-pro-002", "gemini-1.5-pro", "002"),
            ("gpt-4o-2024-08-06", "gpt-4o", "2024-08-06"),
            ("command-r-08-2024", "command-r", "08-2024"),
            ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview", "05-06"),
            ("claude-opus-4-1-20250805", "claude-opus-4-1", "20250805"),
        ] {
            assert_eq!(split_model(model), (name, version));
        }
    }

    #[test]
    fn what_is_part_of_the_name_stays_there() {
        for model in [
            "gpt-4o",
            "o3",
            "text-embedding-3-small",
            "whisper-1",
            "llama-3-70b",
            "qwen-72",
            "client:1:llama3.1:8b",
            "-002",
            "",
            "模型-é",
        ] {
            assert_eq!(split_model(model), (model, ""));
        }
    }
}
