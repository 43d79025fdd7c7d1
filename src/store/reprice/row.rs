//! A row → the call, as far as pricing looks at it.

use serde_json::{Map, Value};

use crate::{
    call::{Call, Cost, PricingStatus, Timestamp, UsageSource, Usd},
    store::{Table, clean::TOO_LONG, columns},
};

/// A stored call: what its price depends on, and what it cost so far.
#[derive(Clone, Debug, PartialEq)]
pub struct PricedRow {
    /// The row.
    pub id: String,
    /// The call without its cost.
    pub call: Call,
    /// What the row says that it cost.
    pub cost: Cost,
    /// Whether it counts: reports sum no call that others lie under.
    pub counts: bool,
    /// Which version of the row this is.
    pub(super) content_hash: i64,
    /// Some of what was used was too long to be stored.
    pub(super) cut: bool,
}

impl PricedRow {
    /// Whether the price is ours to compute. What the provider or the caller stated is not, nor what somebody else computed.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        let source = self.cost.price_source.as_deref();
        let ours = source.map_or(self.cost.total.is_none(), |source| source == "genai-prices" || is_file(source));
        ours && self.cost.status != Some(PricingStatus::ProviderReported)
    }

    /// The price file that the price is from, if it is from one.
    #[must_use]
    pub fn price_file(&self) -> Option<&str> {
        self.cost.price_source.as_deref().filter(|source| is_file(source))
    }

    /// The model that is priced: the one that answered, else the one that was asked for.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.call.response.model.as_deref().or(self.call.request.model.as_deref())
    }
}

fn is_file(source: &str) -> bool {
    source.starts_with("file:")
}

/// The rows of an answer to `rows.sql`.
pub(super) fn rows(table: Table) -> Vec<PricedRow> {
    let Table { columns, rows } = table;
    let named = |row: Vec<Value>| Row(columns.iter().map(String::as_str).zip(row).collect());
    rows.into_iter().map(|row| named(row).read()).collect()
}

/// Values by the names of their columns.
struct Row<'a>(std::collections::BTreeMap<&'a str, Value>);

impl Row<'_> {
    fn read(mut self) -> PricedRow {
        let cost = Cost {
            total: self.money("cost_usd"),
            input: self.money("input_cost_usd"),
            output: self.money("output_cost_usd"),
            status: self.word("pricing_status", PricingStatus::from_word),
            price_source: self.text("price_source").map(Into::into),
            price_version: self.text("price_version"),
        };
        PricedRow {
            id: self.text("id").unwrap_or_default(),
            counts: self.whole("billable") != Some(0),
            content_hash: self.whole("content_hash").unwrap_or_default(),
            cut: ["usage_details", "extra"].iter().any(|name| self.is_cut(name)),
            call: self.call(),
            cost,
        }
    }

    fn call(&mut self) -> Call {
        let mut call = Call {
            started_at: self.moment("started_at").unwrap_or_default(),
            provider: self.text("provider").unwrap_or_default().into(),
            operation: self.text("operation").unwrap_or_default().into(),
            billable: self.whole("billable_stated").map(|stated| stated != 0),
            extra: self.object("extra"),
            ..Call::default()
        };
        call.request.model = self.text("request_model");
        call.response.model = self.text("response_model");
        (call.request.service_tier, call.response.service_tier) =
            columns::service_tiers(self.text("service_tier"), &call.extra);
        call.outcome.http_status = self.whole("http_status").and_then(|status| u16::try_from(status).ok());
        call.outcome.error_type = self.text("error_type");
        let usage = &mut call.usage;
        usage.source = self.word("usage_source", UsageSource::from_word).unwrap_or_default();
        let units = self.object("usage_details");
        usage.details = units.into_iter().filter_map(|(unit, amount)| Some((unit.into(), amount.as_f64()?))).collect();
        let implausible = call.extra.get(columns::IMPLAUSIBLE_TOKENS);
        let stated = |name: &str| implausible?.get(name)?.as_u64();
        for (name, count) in [
            ("input_tokens", &mut usage.input_tokens),
            ("output_tokens", &mut usage.output_tokens),
            ("cache_read_tokens", &mut usage.cache_read_tokens),
            ("cache_write_tokens", &mut usage.cache_write_tokens),
            ("reasoning_tokens", &mut usage.reasoning_tokens),
        ] {
            *count = self.whole(name).and_then(|tokens| u64::try_from(tokens).ok()).or_else(|| stated(name));
        }
        call
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    fn word<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        read(&self.text(name)?)
    }

    fn money(&mut self, name: &str) -> Option<Usd> {
        self.text(name)?.parse().ok()
    }

    fn whole(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::Bool(flag) => Some((*flag).into()),
            number => number.as_i64(),
        }
    }

    fn moment(&mut self, name: &str) -> Option<Timestamp> {
        let moment: jiff::Timestamp = self.text(name)?.parse().ok()?;
        Some(Timestamp::from_micros(moment.as_microsecond()))
    }

    fn object(&mut self, name: &str) -> Map<String, Value> {
        match self.0.remove(name) {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        }
    }

    fn is_cut(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.get(TOO_LONG).is_some())
    }
}
