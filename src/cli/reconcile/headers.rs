//! Which column of an export is what, by its name.

use anyhow::{Context as _, bail};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Date,
    Model,
    Requests,
    /// Names one call, so that each line is one.
    Call,
    /// All of the input.
    Input,
    /// The input without what came from a cache or went into one.
    Uncached,
    Cached,
    CacheWrite,
    Output,
    Cost,
    Currency,
    /// Of which kind the [`Amount`](Self::Amount) of this line is.
    Kind,
    Amount,
}

/// Each field: its name behind `--column`, and the headers by which it is known, the surest first.
///
/// OpenAI's are those of its usage and cost exports, which are the fields of its organization usage and costs API
/// (<https://platform.openai.com/docs/api-reference/usage>: input tokens include cached ones). Anthropic's are those of the
/// Console's usage and cost exports (<https://support.claude.com/en/articles/9534590-cost-and-usage-reporting-in-console>:
/// input tokens leave cached ones out). DeepSeek's have one line for each kind of tokens. The rest are usual words.
const FIELDS: [(Field, &str, &[&str]); 13] = [
    (
        Field::Date,
        "date",
        &[
            "usage_date_utc",
            "start_time_iso",
            "date",
            "day",
            "usage_date",
            "start_time",
            "starting_at",
            // A list of calls that was exported from a ledger.
            "started_at",
            "bucket_start",
            "timestamp",
            "created_at",
            "datetime",
            "time",
            "period",
        ],
    ),
    (
        Field::Model,
        "model",
        &[
            "model_version",
            "model",
            "model_name",
            "model_id",
            "model_permaslug",
            "line_item",
            "snapshot_id",
            "sku",
            "description",
        ],
    ),
    (
        Field::Requests,
        "requests",
        &[
            "num_model_requests",
            "requests",
            "num_requests",
            "request_count",
            "n_requests",
            "api_requests",
            "total_requests",
            "calls",
        ],
    ),
    (Field::Call, "call", &["generation_id", "request_id", "call_id"]),
    (
        Field::Input,
        "input_tokens",
        &[
            "input_tokens",
            "prompt_tokens",
            "tokens_prompt",
            "n_context_tokens_total",
            "total_input_tokens",
            "context_tokens",
        ],
    ),
    (
        Field::Uncached,
        "uncached_tokens",
        &["usage_input_tokens_no_cache", "uncached_input_tokens", "input_uncached_tokens", "input_tokens_no_cache"],
    ),
    (
        Field::Cached,
        "cached_tokens",
        &[
            "usage_input_tokens_cache_read",
            "input_cached_tokens",
            "cached_input_tokens",
            "cache_read_input_tokens",
            "cache_read_tokens",
            "cached_tokens",
            "tokens_cached",
        ],
    ),
    (
        Field::CacheWrite,
        "cache_write_tokens",
        &[
            "usage_input_tokens_cache_write_5m",
            "usage_input_tokens_cache_write_1h",
            "usage_input_tokens_cache_write",
            "cache_creation_input_tokens",
            "cache_write_tokens",
            "cache_write_input_tokens",
        ],
    ),
    (
        Field::Output,
        "output_tokens",
        &[
            "usage_output_tokens",
            "output_tokens",
            "completion_tokens",
            "tokens_completion",
            "n_generated_tokens_total",
            "total_output_tokens",
        ],
    ),
    (
        Field::Cost,
        "cost",
        &[
            "cost_usd",
            "amount_value",
            "cost_total",
            "total_cost",
            "cost_in_usd",
            "cost",
            "amount_usd",
            "spend",
            "spend_usd",
            "usd",
        ],
    ),
    (Field::Currency, "currency", &["amount_currency", "currency"]),
    (Field::Kind, "kind", &["type"]),
    (Field::Amount, "amount", &["amount"]),
];

/// The columns of a file.
#[derive(Debug, Default)]
pub(super) struct Headers {
    columns: Vec<(Field, usize)>,
    /// Whose export it is, where its headers say so.
    pub(super) provider: Option<&'static str>,
}

impl Headers {
    /// Finds what is needed; `told` are `field=header`.
    pub(super) fn find(headers: &[String], told: &[String]) -> anyhow::Result<Self> {
        let names: Vec<String> = headers.iter().map(|header| normal(header)).collect();
        let mut columns = Vec::new();
        for pair in told {
            let (field, header) =
                pair.split_once('=').context("Write --column FIELD=HEADER, such as --column date=Day")?;
            let Some((field, ..)) = FIELDS.iter().find(|(_, name, _)| *name == field) else {
                bail!("There is no field {field:?}; there are {}", FIELDS.map(|(_, name, _)| name).join(", "));
            };
            let place = names.iter().position(|name| *name == normal(header));
            columns.push((
                *field,
                place.with_context(|| format!("The file has no column {header:?}; it has {}", headers.join(", ")))?,
            ));
        }
        for (field, _, known) in FIELDS {
            if columns.iter().any(|(told, _)| *told == field) {
                continue;
            }
            let mut found = known.iter().filter_map(|known| names.iter().position(|name| name == known));
            // Parts that are added up may have several columns.
            let all = field == Field::CacheWrite;
            columns.extend(found.by_ref().take(if all { usize::MAX } else { 1 }).map(|place| (field, place)));
        }
        let headers_known = Self { columns, provider: provider(&names) };
        if !headers_known.has(Field::Kind) || headers_known.has(Field::Cost) || headers_known.has(Field::Output) {
            // An amount is only a count where another column says of what; elsewhere it is what was paid.
            return headers_known.without_kinds(&names).checked(headers);
        }
        headers_known.checked(headers)
    }

    fn without_kinds(mut self, names: &[String]) -> Self {
        self.columns.retain(|(field, _)| !matches!(field, Field::Kind | Field::Amount));
        if let (false, Some(place)) = (self.has(Field::Cost), names.iter().position(|name| name == "amount")) {
            self.columns.push((Field::Cost, place));
        }
        self
    }

    fn checked(self, headers: &[String]) -> anyhow::Result<Self> {
        let there = headers.join(", ");
        if !self.has(Field::Date) {
            bail!("No column says the day; name it with --column date=HEADER. There are {there}");
        }
        let counts =
            [Field::Requests, Field::Call, Field::Input, Field::Uncached, Field::Output, Field::Cost, Field::Amount];
        if !counts.iter().any(|field| self.has(*field)) {
            bail!("No column says requests, tokens or cost; name one such as --column cost=HEADER. There are {there}");
        }
        Ok(self)
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.columns.iter().any(|(known, _)| *known == field)
    }

    /// The places of a field's columns.
    pub(super) fn places(&self, field: Field) -> impl Iterator<Item = usize> {
        self.columns.iter().filter(move |(known, _)| *known == field).map(|(_, place)| *place)
    }
}

/// A header as it is looked up: small letters and underscores.
fn normal(header: &str) -> String {
    let words = header.trim_start_matches('\u{feff}').to_lowercase();
    let words = words.split(|mark: char| !mark.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

fn provider(names: &[String]) -> Option<&'static str> {
    let has = |name: &str| names.iter().any(|known| known == name);
    match () {
        () if has("usage_date_utc") => Some("anthropic"),
        () if has("num_model_requests") || has("amount_value") && has("organization_id") => Some("openai"),
        () if has("wallet_type") || has("api_key_name") && has("start_time_iso") => Some("deepseek"),
        () if has("model_permaslug") => Some("openrouter"),
        () => None,
    }
}
