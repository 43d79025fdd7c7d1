//! What is probably not meant in a price file: entries that never count, gaps, rates that are far off.

use std::path::Path;

use super::{
    entry::Entry,
    file::{PriceFileError, parse_all},
};
use crate::{
    call::{Timestamp, Usd},
    pricing::{
        DESCRIPTIVE,
        explain::{guess, units::UNITS, usual},
        glob,
        listed::{Listed, provider_id},
    },
    provider,
};

mod spans;
#[cfg(test)]
mod tests;

use spans::{Span, overlap, without, words};

/// Something to say about a price file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The line that it is about.
    pub(crate) line: usize,
    /// The entry, from 1.
    pub(crate) price: Option<usize>,
    /// Whether the file cannot be used.
    pub(crate) is_error: bool,
    /// A sentence.
    pub(crate) what: String,
}

/// Looks a price file over. How many prices it has, and what is to be said about them, in the order of its lines.
pub(crate) fn check(path: &Path, today: Timestamp) -> Result<(usize, Vec<Finding>), PriceFileError> {
    let text = std::fs::read_to_string(path).map_err(|error| PriceFileError::unreadable(path, &error))?;
    let (entries, mistakes) = parse_all(&text, "");
    let wrong = mistakes.into_iter().map(|mistake| Finding {
        line: mistake.line,
        price: mistake.number,
        is_error: true,
        what: mistake.what,
    });
    let mut findings: Vec<_> = wrong.collect();
    for (at, entry) in entries.iter().enumerate() {
        let about = Doubts { entry, before: &entries[..at], all: &entries };
        let doubts = about.order().into_iter().chain(about.names()).chain(about.rates(today));
        findings.extend(doubts.map(|what| Finding {
            line: entry.line,
            price: Some(entry.number),
            is_error: false,
            what,
        }));
    }
    findings.sort();
    Ok((entries.len(), findings))
}

/// What can be doubted of an entry.
struct Doubts<'a> {
    entry: &'a Entry,
    before: &'a [Entry],
    all: &'a [Entry],
}

impl Doubts<'_> {
    /// What the entries before it, or after it in time, take away from it.
    fn order(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let wider: Vec<_> = self.before.iter().filter(|other| other.is_wider_than(self.entry)).collect();
        let left = wider.iter().fold(vec![self.entry.span()], |left, other| without(left, other.span()));
        match wider.as_slice() {
            [] => {}
            [first, ..] if left.is_empty() => {
                let list = if wider.len() == 1 {
                    format!("price {} (line {})", first.number, first.line)
                } else {
                    let numbers: Vec<_> = wider.iter().map(|other| other.number.to_string()).collect();
                    format!("prices {} together", numbers.join(", "))
                };
                doubts.push(format!(
                    "never counts: {list} before it fits every call that it fits; the first that fits counts"
                ));
            }
            _ => {
                let overlaps = wider.iter().filter(|other| overlap(self.entry.span(), other.span()).is_some());
                doubts.extend(overlaps.map(|other| {
                    let common = overlap(self.entry.span(), other.span()).unwrap_or_default();
                    format!(
                        "overlaps price {} (line {}) {}, which counts there",
                        other.number,
                        other.line,
                        words(common)
                    )
                }));
            }
        }
        doubts.extend(self.gap());
        doubts
    }

    /// Time between this entry and the next one of the same model, in which neither holds.
    fn gap(&self) -> Option<String> {
        let until = self.entry.until?;
        let same = self.all.iter().filter(|other| other.is_for_the_same(self.entry));
        let mut later: Vec<_> = same.filter(|other| other.until.is_none_or(|end| end > until)).collect();
        later.sort_by_key(|other| other.from);
        let next = later.first()?.from.filter(|from| *from > until)?;
        Some(format!("no price for this model holds {}", words((Some(until), Some(next)))))
    }

    /// Names that nothing has.
    fn names(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if let Some(pattern) = &self.entry.provider {
            let known = provider::names();
            if !known.iter().any(|name| glob::fits(pattern, name)) {
                let id = pattern.to_lowercase();
                let same: Vec<_> =
                    known.iter().filter(|name| provider_id(name, "").is_some_and(|of| of == id)).collect();
                let like =
                    known.iter().map(|name| (strsim::jaro_winkler(name, &id), name)).filter(|(alike, _)| *alike > 0.85);
                let like = like.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name);
                let hint = match (same.as_slice(), like) {
                    ([], None) => "it counts only for a host that you gave this name".to_owned(),
                    ([], Some(name)) => {
                        format!("did you mean {name}? It counts only for a host that you gave this name")
                    }
                    (names, _) => {
                        let names: Vec<_> = names.iter().map(|name| **name).collect();
                        format!("calls name it {}", names.join(" or "))
                    }
                };
                doubts.push(format!("no known provider is called {pattern}: {hint}"));
            }
        }
        for part in [&self.entry.model].into_iter().chain(&self.entry.provider) {
            if part.trim() != part {
                doubts.push(format!("`{part}` begins or ends with a space, which no name does"));
            }
        }
        let units = || UNITS.iter().map(|unit| unit.name).chain(DESCRIPTIVE);
        for (unit, _) in &self.entry.tariff.per_unit {
            if !units().any(|known| known == unit) {
                let near = units().max_by(|a, b| strsim::jaro(a, unit).total_cmp(&strsim::jaro(b, unit)));
                let near = near.map(|name| format!("; the nearest that is known is {name}")).unwrap_or_default();
                doubts.push(format!("no provider's usage has a unit {unit}{near}"));
            }
        }
        doubts
    }

    /// Rates that are missing, nothing, or far from the list's.
    fn rates(&self, today: Timestamp) -> Vec<String> {
        let mut doubts = Vec::new();
        let tariff = &self.entry.tariff;
        let listed = self.listed();
        let begin = self.entry.from.unwrap_or(today).min(self.entry.until.unwrap_or(today));
        let usual = listed.as_ref().map(|listed| usual(listed, begin));
        let of = |name: &str| usual?.into_iter().find(|(key, _)| *key == name)?.1.filter(|usd| *usd > Usd::ZERO);
        let cache_read = tariff.input.parts.iter().find(|(part, _)| part.key == "cache_read").map(|(_, usd)| *usd);
        for (name, own) in [("input", tariff.input.rate), ("cache_read", cache_read), ("output", tariff.output.rate)] {
            let (Some(own), Some(list)) = (own, of(name)) else { continue };
            let [own_pico, list_pico] = [own, list].map(|usd| i128::from(usd.pico()));
            if own == Usd::ZERO {
                doubts.push(format!("{name} is 0, and genai-prices has {list} per million tokens"));
            } else if own_pico >= list_pico * 10 || list_pico >= own_pico * 10 {
                doubts.push(format!(
                    "{name} is {own}, and genai-prices has {list} per million tokens, ten times off or more; rates are per million"
                ));
            }
        }
        let embeds =
            ["embed", "rerank", "clip", "whisper", "transcri"].iter().any(|word| self.entry.model.contains(word));
        let no_output = tariff.output.rate.is_none() && tariff.output.parts.is_empty();
        if tariff.input.rate.is_some() && no_output && !embeds && (usual.is_none() || of("output").is_some()) {
            doubts.push(
                "has no output rate: a call with output tokens is `partial`; write output = \"0\" if they are free"
                    .to_owned(),
            );
        }
        let anything = self.entry.model == "*" && self.entry.provider.as_deref().is_none_or(|name| name == "*");
        if tariff.is_zero() && anything {
            doubts.push("makes every call of every provider free".to_owned());
        }
        doubts
    }

    /// The model in genai-prices, if the patterns name one.
    fn listed(&self) -> Option<Listed> {
        let model = self.entry.model.trim_end_matches('*');
        let provider = self.entry.provider.as_deref();
        let literal = provider.map(|name| name.trim_end_matches('*')).filter(|name| !name.is_empty());
        if model.is_empty() || model.contains('*') || literal.is_some_and(|name| name.contains('*')) {
            return None;
        }
        let guess = || Listed::find(&guess(model)?.0, model);
        literal.map_or_else(guess, |provider| Listed::find(provider, model))
    }
}

impl Entry {
    fn span(&self) -> Span {
        (self.from, self.until)
    }

    /// Whether it fits every provider and model that another one fits. A star fits a star.
    fn is_wider_than(&self, other: &Self) -> bool {
        let provider = |entry: &Self| entry.provider.clone().unwrap_or_else(|| "*".to_owned());
        glob::fits(&provider(self), &provider(other)) && glob::fits(&self.model, &other.model)
    }

    fn is_for_the_same(&self, other: &Self) -> bool {
        self.is_wider_than(other) && other.is_wider_than(self)
    }
}
