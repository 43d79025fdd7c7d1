//! Which rates hold for a model at a moment, and why: what [`PriceBook::price`] goes by, for people.

use genai_prices::{Calculator, PriceRequest, Usage};

use super::{PriceBook, listed::Listed, listed::provider_id, without_path};
use crate::{
    call::{Call, Timestamp, Usd},
    provider,
};

mod listed;
#[cfg(test)]
mod tests;
pub(super) mod units;

pub(super) use listed::usual;

/// What is known of the price of a model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Explanation {
    /// Whose endpoint it is taken to be.
    pub(crate) provider: String,
    /// `price_source`; empty where there is no price.
    pub(crate) source: String,
    /// `price_version`: which version and which entry.
    pub(crate) version: String,
    /// The rates, the standard ones first.
    pub(crate) rates: Vec<Rate>,
    /// Why, a sentence each, in the order in which the lists are asked.
    pub(crate) why: Vec<String>,
}

/// What one unit costs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rate {
    /// The unit, by the name that `usage_details` has for it.
    pub(crate) unit: String,
    /// US dollars.
    pub(crate) usd: Usd,
    /// For so many of it.
    pub(crate) per: u32,
    /// In which case; empty: always.
    pub(crate) when: String,
}

impl PriceBook {
    /// The rates that hold for a model of a provider at a moment, and why.
    pub(crate) fn explain(&self, provider: Option<&str>, model: &str, at: Timestamp) -> Explanation {
        let (provider, guessed) = match provider {
            Some(provider) => (provider.to_owned(), None),
            None => guess(model).map_or_else(Default::default, |(ours, why)| (ours, Some(why))),
        };
        let mut call = Call { provider: provider.clone().into(), started_at: at, ..Call::default() };
        call.response.model = Some(model.to_owned());
        let mut explanation = Explanation { provider, why: guessed.into_iter().collect(), ..Explanation::default() };
        self.user.explain(&call, model, &mut explanation);
        explain_listed(&call, model, &mut explanation);
        explanation
    }

    /// The models of a provider, or of all, whose names are the most like this one.
    pub(crate) fn closest(&self, provider: Option<&str>, model: &str) -> Vec<String> {
        let id = provider.and_then(|provider| provider_id(provider, model));
        let lists = Calculator::bundled().providers().filter(|list| id.as_ref().is_none_or(|id| list.id() == id));
        let listed = lists.flat_map(|list| list.models().map(move |of| (ours(list.id()), of.id().to_owned())));
        let alike = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &model.to_lowercase());
        let mut names: Vec<_> =
            self.user.names().chain(listed).map(|(list, name)| (alike(&name), format!("{list}:{name}"))).collect();
        names.retain(|(alike, _)| *alike > 0.8);
        names.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        names.into_iter().map(|(_, name)| name).take(3).collect()
    }
}

/// The provider whose list a bare name of a model is looked up in, and why.
pub(super) fn guess(model: &str) -> Option<(String, String)> {
    let nothing = Usage::new();
    let by_rule = Calculator::bundled().calculate(&PriceRequest::new(model, &nothing)).ok();
    let lists = Calculator::bundled().providers().filter(|list| list.models().any(|of| of.id() == model));
    // Who makes it comes before those who sell it too.
    let makers = ["openai", "anthropic", "google", "mistral", "cohere"];
    let mut lists: Vec<_> = lists.map(|list| list.id()).collect();
    lists.sort_by_key(|id| makers.iter().position(|maker| maker == id).unwrap_or(makers.len()));
    let found = by_rule.map(|price| price.provider_id).or_else(|| lists.first().map(|id| (*id).to_owned()))?;
    let others: Vec<_> = lists.into_iter().filter(|id| *id != found).map(ours).collect();
    let others = if others.is_empty() { String::new() } else { format!(" (others: {})", others.join(", ")) };
    let ours = ours(&found);
    let why = format!("No provider is named: it is looked up as {ours}'s{others}; --provider names another.");
    Some((ours.to_owned(), why))
}

/// Our name of a list of genai-prices.
fn ours(id: &str) -> &str {
    let same = |name: &&&'static str| provider_id(name, "").is_some_and(|of| of == id);
    let names = provider::names();
    if names.contains(&id) { id } else { names.iter().find(same).map_or(id, |name| name) }
}

fn explain_listed(call: &Call, model: &str, explanation: &mut Explanation) {
    let has_price = !explanation.source.is_empty();
    let Some(listed) = Listed::find(&call.provider, model) else {
        explanation.why.push(match provider_id(&call.provider, model) {
            _ if call.provider.is_empty() => "genai-prices knows no such model of any provider.".to_owned(),
            Some(id) if Calculator::bundled().providers().any(|list| list.id() == id) => {
                format!("genai-prices has a list of {}, without this model.", call.provider)
            }
            _ => format!("genai-prices has no list for {} and this model.", call.provider),
        });
        return;
    };
    let Some((id, entry)) = listed.entry(call.started_at) else { return };
    let same = entry.eq_ignore_ascii_case(model) || entry.eq_ignore_ascii_case(without_path(model));
    let how = if same { "by its name" } else { "as an alias or a snapshot" };
    if has_price {
        explanation.why.push(format!("genai-prices has it too, {how}, as {id}/{entry}; a price file goes before it."));
        return;
    }
    explanation.why.push(format!("genai-prices lists it {how} as {id}/{entry}."));
    "genai-prices".clone_into(&mut explanation.source);
    explanation.version = format!("{} {id}/{entry}", super::genai::VERSION);
    explanation.rates = listed::rates(&listed, call.started_at);
    if explanation.rates.is_empty() {
        explanation.why.push("It lists no rate at all, which is how it writes that a model is free.".to_owned());
    }
    let changes = listed::changes(&listed, call.started_at);
    if !changes.is_empty() {
        let days: Vec<_> = changes.into_iter().map(|day| crate::store::rfc3339(day)[..10].to_owned()).collect();
        explanation.why.push(format!("Its rates changed on {}: --at shows those of another day.", days.join(", ")));
    }
}
