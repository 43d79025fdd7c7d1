//! The user's prices as people see them: which entry holds for a call, its rates, and why no other one does.

use super::{Prices, entry::Entry};
use crate::{
    call::{Call, Timestamp, Usd},
    pricing::{
        explain::{Explanation, Rate},
        glob,
    },
    store::rfc3339,
};

impl Prices {
    /// Adds what the files say of a call whose model has this name.
    pub(in crate::pricing) fn explain(&self, call: &Call, model: &str, to: &mut Explanation) {
        let mut others = 0;
        for entry in self.entries() {
            if !glob::fits(&entry.model, model) {
                others += 1;
            } else if let Some(reason) = entry.reason_against(call) {
                to.why.push(format!("{} is for this model, but {reason}.", entry.name()));
            } else if !to.source.is_empty() {
                to.why.push(format!("{} would fit too; the first that fits counts.", entry.name()));
            } else {
                let pattern = entry.model.contains('*');
                let how = if pattern { "fits its pattern" } else { "has this name" };
                to.why.push(format!("{} {how}.", entry.name()));
                to.source.clone_from(&entry.source);
                to.version.clone_from(&entry.version);
                to.rates = entry.rates();
            }
        }
        if others > 0 {
            let are = if others == 1 { "price of the file is" } else { "prices of the file are" };
            to.why.push(format!("{others} other {are} for other models."));
        }
    }

    /// The providers and models that have entries, patterns as they are written.
    pub(in crate::pricing) fn names(&self) -> impl Iterator<Item = (&str, String)> {
        self.entries().iter().map(|entry| (entry.provider.as_deref().unwrap_or("*"), entry.model.clone()))
    }
}

impl Entry {
    /// `prices.toml price 2 (ollama/llama3.1*)`.
    fn name(&self) -> String {
        let file = self.source.strip_prefix("file:").unwrap_or(&self.source);
        let (number, what) = self.version.split_once(' ').unwrap_or((&self.version, ""));
        format!("{file} price {number} ({what})")
    }

    /// Why it does not hold for a call of its model.
    fn reason_against(&self, call: &Call) -> Option<String> {
        let day = |time: Timestamp| rfc3339(time).replace("T00:00:00.000000Z", "");
        match &self.provider {
            Some(provider) if !glob::fits(provider, &call.provider) => {
                return Some(format!("of the provider {provider}"));
            }
            _ => {}
        }
        match (self.from, self.until) {
            (Some(from), _) if call.started_at < from => Some(format!("valid only from {} on", day(from))),
            (_, Some(until)) if call.started_at >= until => Some(format!("valid only until {}", day(until))),
            _ => None,
        }
    }

    /// Its rates, by the names of a price file.
    pub(in crate::pricing) fn rates(&self) -> Vec<Rate> {
        let rate = |unit: &str, usd: Usd, per| Rate { unit: unit.to_owned(), usd, per, when: String::new() };
        let tariff = &self.tariff;
        let mut rates = Vec::new();
        for (name, side) in [("input", &tariff.input), ("output", &tariff.output)] {
            rates.extend(side.rate.map(|usd| rate(&format!("{name}_tokens"), usd, 1_000_000)));
            rates.extend(side.parts.iter().map(|(part, usd)| rate(part.unit, *usd, 1_000_000)));
        }
        rates.extend(tariff.per_call.map(|usd| rate("requests", usd, 1)));
        rates.extend(tariff.per_unit.iter().map(|(unit, usd)| rate(unit, *usd, 1)));
        rates
    }
}
