//! Entries for a price file, to be filled in: one for each model that could not be priced.

use std::fmt::Write as _;

use serde_json::Value;

use crate::store::Table;

/// What `skeleton.sql` finds, as a price file without its rates.
pub(super) fn of(unpriced: &Table) -> String {
    let mut text = String::new();
    for row in &unpriced.rows {
        let of = |name: &str| {
            let at = unpriced.columns.iter().position(|column| column == name);
            at.and_then(|at| row.get(at)).unwrap_or(&Value::Null)
        };
        let Some(model) = of("model").as_str() else { continue };
        let count = |name: &str| of(name).as_i64().map_or_else(|| "unknown".to_owned(), |count| count.to_string());
        let [calls, input, output] = ["calls", "input_tokens", "output_tokens"].map(count);
        let _ = writeln!(text, "# {calls} calls, {input} tokens in, {output} out");
        let _ = writeln!(text, "[[price]]");
        if let Some(provider) = of("provider").as_str().filter(|name| !name.is_empty()) {
            let _ = writeln!(text, "provider = {}", quoted(provider));
        }
        // A star in a name would be a pattern, and fits itself.
        let _ = writeln!(text, "model = {}", quoted(model));
        let _ = writeln!(text, "input = \"\"   # USD per million tokens, such as \"0.15\"");
        let _ = writeln!(text, "output = \"\"\n");
    }
    text
}

/// A basic string of TOML, which JSON's escapes fit but for one.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
