//! A cost that the provider itself states: it includes fees per search and per request that no token arithmetic finds.
//!
//! | where | who | what |
//! | --- | --- | --- |
//! | `usage.cost` | OpenRouter, Vercel | US dollars |
//! | `usage.cost.total_cost`, unless it is 0, which stands in the chunks of a stream that goes on | Perplexity | US dollars; its parts for output, reasoning and citations are the cost of the output |
//! | `usage.cost_in_usd_ticks` | xAI | 10^10 ticks to the dollar; hosted on Azure it means nothing and is not read |
//!
//! Amounts are read from their JSON text, digit by digit, never through a float. With `is_byok` OpenRouter's `cost` is only
//! its fee: the call costs that and what the upstream charges (`cost_details.upstream_inference_cost`). Where that is not
//! stated, the whole is unknown and left to the price book.
//!
//! Over a stream the last statement wins.
//!
//! Sources: OpenRouter's page on usage accounting, Perplexity's and Vercel's API references, the client library of xAI for the
//! size of a tick; recorded answers of xAI whose ticks equal its price list, and exceed it by what searches cost.

use serde::Deserialize;

use super::lenient::{self, Count, Flag, Object, Raw};
use crate::call::{Call, PricingStatus, Usd};

/// The fields of `usage` that state a cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement<'a> {
    pub(super) cost: Raw<'a>,
    pub(super) ticks: Count,
    pub(super) is_byok: Flag,
    pub(super) details: Object<Details<'a>>,
}

/// `usage.cost_details`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Details<'a> {
    #[serde(borrow)]
    upstream_inference_cost: Raw<'a>,
    #[serde(borrow)]
    upstream_inference_prompt_cost: Raw<'a>,
    #[serde(borrow)]
    upstream_inference_input_cost: Raw<'a>,
    #[serde(borrow)]
    upstream_inference_completions_cost: Raw<'a>,
    #[serde(borrow)]
    upstream_inference_output_cost: Raw<'a>,
}

/// `usage.cost` as Perplexity writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parts<'a> {
    #[serde(borrow)]
    total_cost: Raw<'a>,
    #[serde(borrow)]
    input_tokens_cost: Raw<'a>,
    #[serde(borrow)]
    output_tokens_cost: Raw<'a>,
    #[serde(borrow)]
    reasoning_tokens_cost: Raw<'a>,
    #[serde(borrow)]
    citation_tokens_cost: Raw<'a>,
}

impl Statement<'_> {
    /// Writes what is stated into the call.
    pub(super) fn apply(self, call: &mut Call) {
        let (total, input, output) = match call.provider.as_ref() {
            provider if provider.starts_with("azure.") => return,
            "x_ai" => (
                self.ticks.0.and_then(|ticks| i64::try_from(ticks).ok()?.checked_mul(100)).map(Usd::from_pico),
                None,
                None,
            ),
            _ => self.dollars(),
        };
        if total.is_some() {
            call.cost.total = total;
            call.cost.input = input;
            call.cost.output = output;
            call.cost.status = Some(PricingStatus::ProviderReported);
            call.cost.price_source = Some("provider".into());
        }
    }

    fn dollars(self) -> (Option<Usd>, Option<Usd>, Option<Usd>) {
        let Some(cost) = self.cost.get() else { return (None, None, None) };
        if cost.starts_with('{') {
            let parts: Parts<'_> = lenient::read(cost.as_bytes()).unwrap_or_default();
            let output = [parts.output_tokens_cost, parts.reasoning_tokens_cost, parts.citation_tokens_cost];
            let output = output.into_iter().filter_map(usd).reduce(|a, b| a.checked_add(b).unwrap_or(a));
            // While a stream runs, Perplexity fills the form in with zeros.
            let total = usd(parts.total_cost).filter(|total| *total > Usd::ZERO);
            return (total, usd(parts.input_tokens_cost), output);
        }
        let details = self.details.0.unwrap_or_default();
        let total = if self.is_byok.0 == Some(true) {
            usd(self.cost)
                .zip(usd(details.upstream_inference_cost))
                .and_then(|(fee, upstream)| fee.checked_add(upstream))
        } else {
            usd(self.cost)
        };
        let input = usd(details.upstream_inference_prompt_cost).or(usd(details.upstream_inference_input_cost));
        let output = usd(details.upstream_inference_completions_cost).or(usd(details.upstream_inference_output_cost));
        (total, input, output)
    }
}

/// An amount in its JSON spelling; also one in quotes. A negative one is no price.
fn usd(amount: Raw<'_>) -> Option<Usd> {
    amount.get()?.trim_matches('"').parse().ok().filter(|amount| *amount >= Usd::ZERO)
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::{Exchange, chat_answer};

    fn cost(url: &str, usage: &str) -> Option<String> {
        let call = Exchange::post(url, r#"{"model":"m"}"#).json(&chat_answer(usage));
        assert_eq!(call.cost.status.is_some(), call.cost.total.is_some());
        call.cost.total.map(|total| total.to_string())
    }

    const OPENROUTER: &str = "https://openrouter.ai/api/v1/chat/completions";

    #[test]
    fn a_stated_cost_is_read_exactly_from_its_text() {
        let stated = |stated: &str| cost(OPENROUTER, &format!(r#"{{"cost":{stated}}}"#));
        assert_eq!(stated("1.13e-05").as_deref(), Some("0.0000113"));
        assert_eq!(stated("0.0076509169000000005").as_deref(), Some("0.0076509169"));
        assert_eq!(stated(r#""0.002""#).as_deref(), Some("0.002"));
        assert_eq!(stated("-1"), None);
        assert_eq!(stated("null"), None);
        assert_eq!(cost(OPENROUTER, r#"{"cost":0}"#).as_deref(), Some("0"), "free is a price");
    }

    #[test]
    fn with_ones_own_key_the_fee_is_not_the_whole() {
        let with = |rest: &str| cost(OPENROUTER, &format!(r#"{{"cost":0.001,"is_byok":true{rest}}}"#));
        assert_eq!(with(r#","cost_details":{"upstream_inference_cost":0.02}"#).as_deref(), Some("0.021"));
        assert_eq!(with(r#","cost_details":{"upstream_inference_cost":null}"#), None);
        assert_eq!(with(""), None);
    }

    #[test]
    fn perplexity_states_a_total_with_its_parts() {
        let url = "https://api.perplexity.ai/chat/completions";
        let usage = r#"{"cost":{"input_tokens_cost":0.001,"output_tokens_cost":0.002,"request_cost":0.005,"total_cost":0.008}}"#;
        let call = Exchange::post(url, "{}").json(&chat_answer(usage));
        let stated = [call.cost.total, call.cost.input, call.cost.output].map(|usd| usd.unwrap().to_string());
        assert_eq!(stated, ["0.008", "0.001", "0.002"]);
        let usage = r#"{"cost":{"output_tokens_cost":0.002,"reasoning_tokens_cost":0.03,"citation_tokens_cost":0.4,"total_cost":1}}"#;
        let call = Exchange::post(url, "{}").json(&chat_answer(usage));
        assert_eq!(
            call.cost.output.unwrap().to_string(),
            "0.432",
            "output tokens include those of reasoning and citations"
        );
    }

    #[test]
    fn the_zeros_of_a_stream_that_goes_on_are_no_price() {
        let url = "https://api.perplexity.ai/chat/completions";
        let usage = r#"{"prompt_tokens":5,"cost":{"input_tokens_cost":0,"output_tokens_cost":0,"total_cost":0}}"#;
        assert_eq!(cost(url, usage), None, "a stream that is cut here did not cost nothing");
    }

    #[test]
    fn ticks_are_a_price_at_xai_and_nothing_on_azure() {
        let usage = r#"{"prompt_tokens":1,"cost_in_usd_ticks":158500}"#;
        assert_eq!(cost("https://api.x.ai/v1/chat/completions", usage).as_deref(), Some("0.00001585"));
        assert_eq!(cost("https://acme.services.ai.azure.com/models/chat/completions", usage), None);
    }
}
