//! Keys that a provider repeats in the text of an error, with stars or without.

/// How the keys of well-known providers begin.
const BEGINNINGS: &[&str] = &[
    "sk-", "sk_", "pk-", "csk-", "xai-", "gsk_", "hf_", "pplx-", "fw_", "tgp_", "r8_", "nvapi-", "AIza", "ya29.",
    "eyJ", "AKIA", "ASIA",
];

/// The text without what looks like a key: a word that begins like one, and the word after `Bearer`.
pub(super) fn without_keys(text: &str) -> String {
    let is_of_word = |c: char| c.is_alphanumeric() || "-_.*/+~".contains(c);
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut bearer = false;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_of_word(c) != is_of_word(first)).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        rest = behind;
        if !is_of_word(first) {
            kept.push_str(part);
            continue;
        }
        let begins_like_one = part.len() >= 8 && BEGINNINGS.iter().any(|beginning| part.starts_with(beginning));
        kept.push_str(if begins_like_one || bearer { "[key]" } else { part });
        bearer = part.eq_ignore_ascii_case("bearer");
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::without_keys;

    #[test]
    fn keys_are_taken_out_and_all_else_stays() {
        for (text, without) in [
            (
                "Incorrect API key provided: sk-proj-ab****wxyz. See https://platform.openai.com",
                "Incorrect API key provided: [key] See https://platform.openai.com",
            ),
            ("Invalid header 'Authorization: Bearer abc.def-123'", "Invalid header 'Authorization: Bearer [key]'"),
            (
                "The model `gpt-4o-2024-08-06` does not exist (sk- is no key)",
                "The model `gpt-4o-2024-08-06` does not exist (sk- is no key)",
            ),
            ("key=AIzaSyExample123&alt=sse", "key=[key]&alt=sse"),
            ("Größe überschritten", "Größe überschritten"),
            ("", ""),
        ] {
            assert_eq!(without_keys(text), without);
        }
    }
}
