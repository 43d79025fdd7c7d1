//! A provider's usage export: CSV in, figures by day and model out. A line that cannot be read costs that line.

use std::{io::Read, path::Path};

use anyhow::{Context as _, ensure};
use csv::StringRecord;
use jiff::{Timestamp, civil, tz::TimeZone};

use super::{
    figures::{Figures, Measure},
    headers::{Field, Headers},
    names,
};
use crate::call::Usd;

/// What an export says.
#[derive(Debug, Default)]
pub(super) struct Export {
    pub(super) lines: Vec<Line>,
    /// Lines that could not be read, and why.
    pub(super) bad: Vec<(u64, String)>,
    /// Whose it is, where it says so.
    pub(super) provider: Option<&'static str>,
    /// Half of the last digit of its costs, in pico-dollars: what each line's rounding can hide.
    pub(super) rounding: i128,
}

/// One line.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub(super) day: civil::Date,
    /// `None`: it is about all models.
    pub(super) model: Option<String>,
    pub(super) figures: Figures,
}

/// Reads a file, with the columns that were told; moments fall into the days of a zone.
pub(super) fn read(file: &Path, told: &[String], zone: &TimeZone) -> anyhow::Result<Export> {
    let mut text = Vec::new();
    let opened = std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut text));
    opened.with_context(|| format!("{} cannot be read", file.display()))?;
    parse(&text, told, zone).with_context(|| format!("{} cannot be compared", file.display()))
}

pub(super) fn parse(text: &[u8], told: &[String], zone: &TimeZone) -> anyhow::Result<Export> {
    let header = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let most = [b',', b';', b'\t'].into_iter().max_by_key(|mark| header.iter().filter(|byte| *byte == mark).count());
    let mut reader = csv::ReaderBuilder::new().delimiter(most.unwrap_or(b',')).flexible(true).from_reader(text);
    let names: Vec<String> = reader.headers().context("It has no line of headers")?.iter().map(str::to_owned).collect();
    let headers = Headers::find(&names, told)?;
    let mut export = Export { provider: headers.provider, ..Export::default() };
    let mut places = None;
    let mut record = StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                match (Cells { record: &record, headers: &headers }).line(zone, &mut places) {
                    Ok(read) => export.lines.extend(read),
                    Err(reason) => export.bad.push((line, reason)),
                }
            }
            Err(error) => export.bad.push((line, format!("no line of CSV: {}", plain(&error)))),
        }
    }
    ensure!(!export.lines.is_empty(), "Not one of its lines could be read{}", first(&export.bad));
    // Costs with few digits were rounded; those with many are exact.
    export.rounding = places.filter(|places| *places < 6).map_or(0, |places: u32| 10i128.pow(12 - places) / 2);
    Ok(export)
}

fn first(bad: &[(u64, String)]) -> String {
    bad.first().map_or_else(String::new, |(line, reason)| format!(": line {line}: {reason}"))
}

fn plain(error: &csv::Error) -> &'static str {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8",
        _ => "its quotes or fields do not fit",
    }
}

/// One line's cells.
#[derive(Clone, Copy)]
struct Cells<'a> {
    record: &'a StringRecord,
    headers: &'a Headers,
}

impl<'a> Cells<'a> {
    /// What the line says; `None`: nothing, as of a day without calls. `places` becomes the most digits of a cost so far.
    fn line(self, zone: &TimeZone, places: &mut Option<u32>) -> Result<Option<Line>, String> {
        let mut figures = Figures::default();
        let (cached, written) = (self.count(Field::Cached)?, self.count(Field::CacheWrite)?);
        let beside = cached.unwrap_or(0) + written.unwrap_or(0);
        let uncached = self.count(Field::Uncached)?.map(|tokens| tokens + beside);
        figures.add(Measure::Input, self.count(Field::Input)?.or(uncached));
        figures.add(Measure::Cached, cached);
        figures.add(Measure::Output, self.count(Field::Output)?);
        figures.add(Measure::Requests, self.count(Field::Requests)?.or(self.text(Field::Call).map(|_| 1)));
        figures.add(Measure::Cost, self.cost(places)?);
        self.kind(&mut figures)?;
        if figures.is_empty() {
            return Ok(None);
        }
        let date = self.text(Field::Date).ok_or("it names no day")?;
        let day = day(date, zone).ok_or_else(|| {
            let shown: String = date.chars().take(40).collect();
            format!("{shown:?} is no day; write 2026-11-01 or 2026-11-01T08:00:00Z")
        })?;
        Ok(Some(Line { day, model: self.text(Field::Model).map(names::listed), figures }))
    }

    /// A line of DeepSeek's: an amount of one kind.
    fn kind(self, figures: &mut Figures) -> Result<(), String> {
        let (Some(kind), amount) = (self.text(Field::Kind), self.count(Field::Amount)?) else { return Ok(()) };
        match kind {
            "request_count" => figures.add(Measure::Requests, amount),
            "input_cache_hit_tokens" => {
                figures.add(Measure::Cached, amount);
                figures.add(Measure::Input, amount);
            }
            "input_cache_miss_tokens" => figures.add(Measure::Input, amount),
            "output_tokens" => figures.add(Measure::Output, amount),
            _ => return Err("its type is none that is known".to_owned()),
        }
        Ok(())
    }

    /// The first cell of a field that holds something.
    fn text(self, field: Field) -> Option<&'a str> {
        let cells = self.headers.places(field).filter_map(|place| self.record.get(place));
        cells.map(str::trim).find(|cell| !cell.is_empty() && *cell != "-")
    }

    /// The sum of a field's cells.
    fn count(self, field: Field) -> Result<Option<i128>, String> {
        let cells = self.headers.places(field).filter_map(|place| self.record.get(place)).map(str::trim);
        let mut sum = None;
        for cell in cells.filter(|cell| !cell.is_empty() && *cell != "-") {
            let digits = cell.replace(',', "");
            let whole = digits.split_once('.').map_or(&*digits, |(whole, rest)| {
                if rest.bytes().all(|digit| digit == b'0') { whole } else { &digits }
            });
            let count: i64 = whole.parse().ok().filter(|count| *count >= 0).ok_or("a count is no whole number")?;
            sum = Some(sum.unwrap_or(0) + i128::from(count));
        }
        Ok(sum)
    }

    fn cost(self, places: &mut Option<u32>) -> Result<Option<i128>, String> {
        let Some(cell) = self.text(Field::Cost) else { return Ok(None) };
        if self.text(Field::Currency).is_some_and(|currency| !currency.eq_ignore_ascii_case("usd")) {
            return Err("its cost is not in US dollars, which is all that can be compared".to_owned());
        }
        let (negative, amount) = cell.strip_prefix('-').map_or((false, cell), |rest| (true, rest));
        let amount = amount.trim_start_matches('$').replace(',', "");
        let amount = if amount.contains('.') { amount.trim_end_matches('0').trim_end_matches('.') } else { &amount };
        let digits = amount.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        *places = (*places).max(u32::try_from(digits).ok());
        // A pico-dollar has twelve digits; with twice as many nothing is rounded otherwise.
        let amount = amount.get(..amount.len() - digits.saturating_sub(24)).unwrap_or(amount);
        let usd: Usd =
            if amount.is_empty() { Usd::ZERO } else { amount.parse().map_err(|_| "its cost is no amount")? };
        Ok(Some(i128::from(usd.pico()) * if negative { -1 } else { 1 }))
    }
}

/// A day, or the day of a zone in which a moment lies.
fn day(text: &str, zone: &TimeZone) -> Option<civil::Date> {
    let seconds = text.strip_suffix(".0").unwrap_or(text);
    let moment = match seconds.parse::<i64>() {
        Ok(seconds) if seconds.abs() < 100_000_000_000 && seconds > 100_000_000 => Timestamp::from_second(seconds).ok(),
        Ok(millis) if millis > 100_000_000_000 => Timestamp::from_millisecond(millis).ok(),
        _ => text.parse().ok().or_else(|| {
            text.strip_suffix(" UTC")?
                .parse::<civil::DateTime>()
                .ok()?
                .to_zoned(TimeZone::UTC)
                .ok()
                .map(|at| at.timestamp())
        }),
    };
    match moment {
        Some(moment) => Some(moment.to_zoned(zone.clone()).date()),
        None => text.parse::<civil::DateTime>().map(civil::DateTime::date).or_else(|_| text.parse()).ok(),
    }
}

#[cfg(test)]
mod tests;
