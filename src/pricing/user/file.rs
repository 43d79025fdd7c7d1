//! The user's price file: TOML in, entries out, and a sentence for every mistake.

use std::{fmt, ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    date,
    entry::Entry,
    tariff::{PARTS, Tariff},
};
use crate::{
    call::{Timestamp, Usd},
    pricing::PriceBook,
};

impl PriceBook {
    /// Puts a price file in front of the compiled-in prices, behind the files that were added before. `name` is what
    /// errors and `price_source` call it.
    ///
    /// # Errors
    ///
    /// The first mistake in the text, in a sentence that says where it is and what to write instead.
    pub fn with_file(mut self, toml: &str, name: &str) -> Result<Self, PriceFileError> {
        self.user.add(parse(toml, name)?);
        Ok(self)
    }

    /// [`with_file`](Self::with_file) with the text and the name of a file on disk.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or has a mistake in it.
    pub fn with_path(self, path: impl AsRef<Path>) -> Result<Self, PriceFileError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| PriceFileError::unreadable(path, &error))?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        self.with_file(&text, &name.to_string_lossy())
    }
}

/// A price file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceFileError(String);

impl PriceFileError {
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self(format!("the price file {} cannot be read: {error}", path.display()))
    }
}

/// Something in a price file that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) line: usize,
    /// Of the entry, from 1.
    pub(super) number: Option<usize>,
    pub(super) what: String,
}

impl Mistake {
    fn into_error(self, file: &str) -> PriceFileError {
        let entry = self.number.map(|number| format!(" (price {number})")).unwrap_or_default();
        PriceFileError(format!("{file}, line {}{entry}: {}", self.line, self.what))
    }
}

impl fmt::Display for PriceFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PriceFileError {}

/// Reads a price file.
pub(in crate::pricing) fn parse(text: &str, name: &str) -> Result<Vec<Entry>, PriceFileError> {
    let (entries, mistakes) = parse_all(text, name);
    mistakes.into_iter().next().map_or(Ok(entries), |first| Err(first.into_error(name)))
}

/// What can be read of a price file, and the first mistake of each entry.
pub(super) fn parse_all(text: &str, name: &str) -> (Vec<Entry>, Vec<Mistake>) {
    let at = |number| Place { text, name, number };
    let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let what = format!("no valid TOML: {}", error.message());
            return (entries, vec![at(None).error(error.span().unwrap_or_default(), &what)]);
        }
    };
    for (key, value) in document.get_ref() {
        match value.get_ref() {
            DeValue::Array(prices) if key.get_ref() == "price" => {
                for (index, price) in prices.iter().enumerate() {
                    match at(Some(index + 1)).entry(price) {
                        Ok(entry) => entries.push(entry),
                        Err(mistake) => mistakes.push(mistake),
                    }
                }
            }
            _ => {
                mistakes
                    .push(at(None).error(key.span(), &format!("`{}` has no meaning here; {HEADER}", key.get_ref())));
            }
        }
    }
    (entries, mistakes)
}

const HEADER: &str = "begin each price with a line [[price]]";

/// Where in which file we are reading.
#[derive(Clone, Copy)]
struct Place<'a> {
    text: &'a str,
    name: &'a str,
    /// Of the entry, from 1.
    number: Option<usize>,
}

impl Place<'_> {
    /// The line of a place in the text, from 1.
    fn line(self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or_default();
        1 + before.bytes().filter(|byte| *byte == b'\n').count()
    }

    fn error(self, span: Range<usize>, what: &str) -> Mistake {
        Mistake { line: self.line(&span), number: self.number, what: what.to_owned() }
    }

    fn entry(self, price: &Spanned<DeValue<'_>>) -> Result<Entry, Mistake> {
        let DeValue::Table(table) = price.get_ref() else {
            return Err(self.error(price.span(), HEADER));
        };
        let (mut provider, mut model, mut from, mut until, mut tariff) = (None, None, None, None, Tariff::default());
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "provider" => provider = Some(self.text(key.get_ref(), value)?),
                "model" => model = Some(self.text(key.get_ref(), value)?),
                "valid_from" => from = Some(self.date(key.get_ref(), value)?),
                "valid_until" => until = Some(self.date(key.get_ref(), value)?),
                name => self.rate(name, key.span(), value, &mut tariff)?,
            }
        }
        let Some(model) = model else {
            return Err(self.error(price.span(), "a price needs a `model`; write model = \"*\" for any"));
        };
        if tariff.is_empty() {
            return Err(
                self.error(price.span(), "a price needs a rate; write input = \"0\" and output = \"0\" if it is free")
            );
        }
        if let (Some((_, from)), Some((span, until))) = (&from, &until)
            && until <= from
        {
            return Err(self.error(span.clone(), "`valid_until` must be later than `valid_from`"));
        }
        let scope = provider.as_deref().unwrap_or("*");
        let since = from.as_ref().and_then(|(span, _)| self.text.get(span.clone())).map(|date| date.trim_matches('"'));
        let since = since.map(|date| format!(" from {date}")).unwrap_or_default();
        Ok(Entry {
            source: format!("file:{}", self.name),
            version: format!("{} {scope}/{model}{since}", self.number.unwrap_or_default()),
            from: from.map(|(_, time)| time),
            until: until.map(|(_, time)| time),
            line: self.line(&price.span()),
            number: self.number.unwrap_or_default(),
            provider,
            model,
            tariff,
        })
    }

    fn rate(
        self,
        key: &str,
        span: Range<usize>,
        value: &Spanned<DeValue<'_>>,
        tariff: &mut Tariff,
    ) -> Result<(), Mistake> {
        match key {
            "input" => tariff.input.rate = Some(self.money(key, value)?),
            "output" => tariff.output.rate = Some(self.money(key, value)?),
            "per_call" => tariff.per_call = Some(self.money(key, value)?),
            "per_image" => tariff.per_unit.push(("images".to_owned(), self.money(key, value)?)),
            "per_second" => tariff.per_unit.push(("seconds".to_owned(), self.money(key, value)?)),
            "per_unit" => self.units(value, tariff)?,
            _ => {
                let Some(part) = PARTS.iter().find(|part| part.key == key) else {
                    return Err(self.error(span, &unknown(key)));
                };
                let side = if part.output { &mut tariff.output } else { &mut tariff.input };
                side.parts.push((part, self.money(key, value)?));
            }
        }
        Ok(())
    }

    fn units(self, value: &Spanned<DeValue<'_>>, tariff: &mut Tariff) -> Result<(), Mistake> {
        let DeValue::Table(units) = value.get_ref() else {
            return Err(self.error(value.span(), "write per_unit = { web_searches = \"0.01\" }"));
        };
        for (unit, value) in units {
            let (span, unit) = (unit.span(), unit.get_ref());
            let instead = match unit.as_ref() {
                "images" => "write per_image",
                "seconds" => "write per_second",
                tokens if tokens.ends_with("_tokens") => {
                    "tokens have keys of their own, such as `input` and `cache_read`"
                }
                _ => {
                    tariff.per_unit.push((unit.clone().into_owned(), self.money(unit, value)?));
                    continue;
                }
            };
            return Err(self.error(span, &format!("`{unit}` is no key of per_unit: {instead}")));
        }
        Ok(())
    }

    fn text(self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<String, Mistake> {
        match value.get_ref() {
            DeValue::String(text) if !text.is_empty() => Ok(text.clone().into_owned()),
            _ => Err(self.error(value.span(), &format!("`{key}` must be a text, such as {key} = \"*\""))),
        }
    }

    fn date(self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<(Range<usize>, Timestamp), Mistake> {
        let time = match value.get_ref() {
            DeValue::String(text) => date::parse(text),
            DeValue::Datetime(time) => date::parse(&time.to_string()),
            _ => Err("write a date, such as \"2026-01-31\""),
        };
        let time = time.map_err(|what| self.error(value.span(), &format!("`{key}` is no date: {what}")))?;
        Ok((value.span(), time))
    }

    fn money(self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Usd, Mistake> {
        let what = match value.get_ref() {
            DeValue::String(text) => match text.parse::<Usd>() {
                Ok(rate) if rate >= Usd::ZERO => return Ok(rate),
                Ok(_) => format!("`{key}` is negative; a rate is zero or more"),
                Err(error) => format!("`{key}`: {error}"),
            },
            DeValue::Integer(_) | DeValue::Float(_) => {
                let number = self.text.get(value.span()).unwrap_or("0.15");
                format!("`{key}` is a number, which loses digits; write it as a text: {key} = \"{number}\"")
            }
            _ => format!("`{key}` is no amount of money; write {key} = \"0.15\""),
        };
        Err(self.error(value.span(), &what))
    }
}

fn unknown(key: &str) -> String {
    let mut known = vec!["provider", "model", "valid_from", "valid_until", "input", "output"];
    known.extend(PARTS.iter().map(|part| part.key));
    known.extend(["per_call", "per_image", "per_second", "per_unit"]);
    format!("`{key}` is no key of a price; the keys are {}", known.join(", "))
}
