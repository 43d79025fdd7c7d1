//! What a call costs: [`PriceBook::price`] turns the usage of a [`Call`] into a [`Cost`].
//!
//! Pricing is a pure function of the call and the book. It never asks the network, never fails, and never changes a count.
//!
//! # Who is believed
//!
//! 1. **The provider**, where it states the cost itself (OpenRouter, Perplexity, xAI, …): such a cost is kept as it is.
//! 2. **Your price file** ([`PriceBook::with_path`]): discounts, local models, models that nobody else lists.
//! 3. **[genai-prices](https://github.com/pydantic/genai-prices)**, whose data is compiled in.
//!
//! What is priced is the model that *answered*; the model that was asked for only where no answer named one, or where the
//! one that answered is in no list. An alias that a front end uses never counts. The price is that of the day on which the
//! call *started*, of the service tier that was *served* (the one that was asked for, such as `auto`, says nothing), and of
//! the batch interface where the call says so ([`BATCH`]).
//!
//! The provider's name decides whose list applies, never the family of the model: a Llama behind an unknown host, or in
//! Ollama, is not priced at somebody else's rates. (A server of your own that speaks OpenAI's protocol is called `openai`
//! until you name it; it is priced only for models that nobody but OpenAI serves, as behind a gateway.) Where genai-prices itself says that one provider sells another's models
//! at that one's prices (Azure those of OpenAI, Google those of Anthropic), that is followed.
//!
//! # What the status says
//!
//! | `pricing_status` | `cost_usd` | when |
//! | --- | --- | --- |
//! | `provider_reported` | as stated | the provider said so |
//! | `exact` | known | the price is listed under the name of the model that answered |
//! | `alias` | known | it is listed under another name: a dated snapshot, an alias, a pattern of your file |
//! | `partial` | what is known of it | a unit that was used has no rate, a count is missing (also where it had to be counted in an answer too long to be held), counts contradict each other, or the tier served has no rates (the standard ones are taken); so too where Anthropic served faster, or in one country, and where sound of OpenAI has no rate of its own |
//! | `unpriced` | NULL | no price for the model, capacity that is paid for by time (Vertex AI's provisioned throughput), or no counts at all; in the last case `price_version` names the entry that waits for them |
//! | NULL | NULL | nothing to bill: counting tokens, creating a batch ([`Call::billable`] is `Some(false)`), and requests that were refused with HTTP 400 and up and no usage |
//!
//! Unknown is never zero, and zero is a price: an entry of `"0"` costs exactly nothing, whatever was counted or not, and so
//! does a model that genai-prices lists without any rate, which is how it writes "free".
//!
//! # Units and rounding
//!
//! What Anthropic used beside its usage (compaction, an advisor, which is another model) is on the bill and so in the cost,
//! though in no count.
//!
//! Counts are inclusive totals and their parts, so cached and reasoning tokens are charged once: at their own rate where
//! there is one, else at that of the input or output that they are part of. Costs are pico-dollars (1e-12 USD). With your
//! file all arithmetic is in whole numbers of 1e-18 USD; `total`, `input` and `output` are each rounded once, half away from
//! zero. genai-prices computes in floats, of which each is rounded once. So a total may differ from the sum of its parts by
//! one pico-dollar, and it also holds what is neither input nor output (web searches, fees per call).
//!
//! # Asking why
//!
//! `spanledger prices MODEL` shows the rates of a day, where they come from and which entries were looked at; `spanledger
//! prices check FILE` looks a price file over; `spanledger prices --unpriced` writes entries for what has no price; and
//! `spanledger reprice` prices stored calls anew (`crate::store::reprice`).
//!
//! # Writing a price file
//!
//! ```toml
#![doc = include_str!("example.toml")]
//! ```

use serde_json::Value;

use crate::{
    call::{Call, Cost, Name, PricingStatus},
    span::names,
};

mod beside;
#[cfg(feature = "cli")]
pub(crate) mod explain;
mod genai;
mod glob;
mod listed;
mod rates;

#[cfg(not(feature = "price-file"))]
#[path = "no_user.rs"]
mod user;
#[cfg(feature = "price-file")]
pub(crate) mod user;

#[cfg(test)]
mod cross_check;
#[cfg(test)]
mod remembered;
#[cfg(test)]
mod tests;

#[cfg(feature = "price-file")]
pub use user::file::PriceFileError;

/// The key in [`Call::extra`] whose `true` says that a call came through a provider's batch interface.
pub const BATCH: &str = "spanledger.batch";

/// Every price we know. Cheap to clone.
///
/// ```
/// use spanledger::{call::Call, pricing::PriceBook};
///
/// let book = PriceBook::bundled().with_file(
///     r#"
///     [[price]]
///     provider = "ollama"
///     model = "llama3.1*"
///     input = "0.15"  # USD per million tokens
///     output = "0"
///     "#,
///     "prices.toml",
/// )?;
///
/// let mut call = Call::default();
/// call.provider = "ollama".into();
/// call.request.model = Some("llama3.1:8b".into());
/// call.usage.input_tokens = Some(2_000);
/// assert_eq!(book.price(&call).total.unwrap().to_string(), "0.0003");
/// # Ok::<(), spanledger::pricing::PriceFileError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    user: user::Prices,
}

/// The list of the compiled-in prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PriceList {
    /// Whose list it is.
    pub source: &'static str,
    /// Its version, with which the `price_version` of rows begins.
    pub version: &'static str,
    /// Its newest prices hold from this day on (`2026-10-20`), those that it announces left out.
    pub date: &'static str,
}

impl PriceBook {
    /// Which list is compiled in.
    #[must_use]
    pub const fn list() -> PriceList {
        PriceList { source: "genai-prices", version: genai::VERSION, date: genai::DATE }
    }

    /// The prices that are compiled in.
    #[must_use]
    pub fn bundled() -> Self {
        Self::default()
    }

    /// Decodes the compiled-in prices, which takes some 40 ms once per process. Called on a background thread at start, it
    /// keeps that away from the first call.
    pub fn warm(&self) {
        listed::warm();
    }

    /// Whether a price file stands in front of the compiled-in prices.
    #[cfg_attr(not(feature = "ledger"), expect(dead_code, reason = "asked where rows are priced anew"))]
    pub(crate) fn has_file(&self) -> bool {
        self.user.has_file()
    }

    /// The cost of a call, as the [module](self) says.
    #[must_use]
    pub fn price(&self, call: &Call) -> Cost {
        if call.cost.status == Some(PricingStatus::ProviderReported) && call.cost.total.is_some() {
            return stated(&call.cost);
        }
        if is_free_of_charge(call) {
            return Cost::default();
        }
        let own = self.price_own(call);
        beside::with_rates_unknown(
            call,
            beside::calls(call).fold(own, |cost, other| beside::sum(cost, &self.price_own(&other))),
        )
    }

    /// The cost of the usage alone.
    fn price_own(&self, call: &Call) -> Cost {
        let (answered, asked) = (call.response.model.as_deref(), call.request.model.as_deref());
        let names = || answered.into_iter().chain(asked.filter(|asked| Some(*asked) != answered));
        names()
            .find_map(|name| self.user.price(call, name))
            .or_else(|| names().filter(|_| !is_paid_by_capacity(call)).find_map(|name| genai::price(call, name)))
            .unwrap_or(Cost { status: Some(PricingStatus::Unpriced), ..Cost::default() })
    }
}

/// The cost as the provider stated it, with its source.
fn stated(cost: &Cost) -> Cost {
    let source = cost.price_source.clone().unwrap_or(Name::Borrowed("provider"));
    Cost { price_source: Some(source), ..cost.clone() }
}

/// No provider bills these, so there is no price to look for: they must not swell the list of unpriced calls. A call that
/// got no answer, or whose answer broke, may have been billed.
fn is_free_of_charge(call: &Call) -> bool {
    let refused = call.outcome.http_status.is_some_and(|status| status >= 400) && call.usage.is_empty();
    call.billable == Some(false) || refused
}

/// Capacity of Vertex AI that is paid for by the week or longer: a token of it has no price of its own, but where your file
/// gives it one.
fn is_paid_by_capacity(call: &Call) -> bool {
    call.extra.get(names::GEMINI_TRAFFIC_TYPE).and_then(Value::as_str) == Some("PROVISIONED_THROUGHPUT")
}

/// `exact` or `alias`: whether `listed` is the name of the model that answered, or was asked where no answer named one.
fn by_name(call: &Call, listed: &str) -> PricingStatus {
    let name = call.response.model.as_deref().or(call.request.model.as_deref()).unwrap_or_default();
    let same = |name: &str| name.eq_ignore_ascii_case(listed);
    if same(name) || same(without_path(name)) { PricingStatus::Exact } else { PricingStatus::Alias }
}

/// A model's name without what the wire puts before it: `models/…`, `publishers/google/models/…`,
/// `accounts/fireworks/models/…`.
fn without_path(model: &str) -> &str {
    // Most have none, and looking for one letter is quicker.
    if memchr::memchr(b'/', model.as_bytes()).is_none() {
        return model;
    }
    model.rsplit_once("models/").map_or(model, |(_, name)| name)
}

/// Whether an answer of this kind has output tokens at all, so that a missing count of them is a gap.
fn has_output(call: &Call) -> bool {
    call.operation != "embeddings"
}

/// Units that say what was made rather than what is paid: where nobody has a rate for them, they are no gap.
const DESCRIPTIVE: [&str; 2] = ["images", "seconds"];

/// A used unit that some rate must be found for. Kinds of tokens are parts of the totals and have the totals' rate.
fn needs_a_rate(unit: &str, amount: f64) -> bool {
    amount > 0.0 && !unit.ends_with("_tokens") && !DESCRIPTIVE.contains(&unit)
}
