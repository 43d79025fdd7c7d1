//! Bars: where a person would rather look than read.

use serde_json::Value;

use crate::store::Table;

/// The columns that are a report's measure: the first of them that it has.
const MEASURES: &[&str] = &["cost_usd", "count", "p95_ms", "fallback_rate", "errors"];
/// How long the longest bar is, in characters.
const LENGTH: usize = 20;
/// How long a line of bars is, at most.
const LINE: usize = 60;
/// A shorter report is seen as a whole.
const WORTH_A_LINE: usize = 8;

const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What a report measures.
#[derive(Debug)]
pub(super) struct Measure {
    name: &'static str,
    amounts: Vec<Option<u128>>,
    most: u128,
}

impl Measure {
    /// `None`: there is nothing to compare.
    pub(super) fn of(table: &Table) -> Option<Self> {
        let at = |name: &str| table.columns.iter().position(|column| column == name);
        if table.rows.len() < 2 || at("id").is_some() {
            return None;
        }
        let (name, at) = MEASURES.iter().find_map(|name| Some((*name, at(name)?)))?;
        let amounts: Vec<_> = table.rows.iter().map(|row| row.get(at).and_then(amount)).collect();
        let most = amounts.iter().flatten().copied().max().filter(|most| *most > 0)?;
        Some(Self { name, amounts, most })
    }

    /// One bar for each row, in eighths of a character. What is more than nothing is seen.
    pub(super) fn bars(&self) -> Vec<String> {
        let bar = |amount: &Option<u128>| {
            let Some(amount) = amount.filter(|amount| *amount > 0) else { return String::new() };
            let eighths = scaled(amount, self.most, LENGTH * 8).max(1);
            "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
        };
        self.amounts.iter().map(bar).collect()
    }

    /// All rows as one line, for what goes by time and is too long to be seen as a whole.
    pub(super) fn line(&self, table: &Table) -> Option<String> {
        let first = table.columns.first()?;
        if !matches!(first.as_str(), "day" | "hour" | "month" | "period") || table.rows.len() < WORTH_A_LINE {
            return None;
        }
        let together = table.rows.len().div_ceil(LINE);
        let sum =
            |amounts: &[Option<u128>]| amounts.iter().flatten().fold(0, |sum: u128, one| sum.saturating_add(*one));
        let sums: Vec<u128> = self.amounts.chunks(together).map(sum).collect();
        let most = sums.iter().copied().max().unwrap_or_default();
        let height = |sum: &u128| HEIGHTS[scaled(*sum, most, HEIGHTS.len()).saturating_sub(1)];
        Some(format!("{}  {}", self.name, sums.iter().map(height).collect::<String>()))
    }
}

/// A part of a length, rounded up.
fn scaled(amount: u128, most: u128, length: usize) -> usize {
    let (amount, most) = if most > u128::MAX >> 16 { (amount >> 16, most >> 16) } else { (amount, most) };
    usize::try_from((amount * length as u128).div_ceil(most.max(1))).unwrap_or(length).min(length)
}

/// A decimal as a whole number of 1e-12, so that amounts compare exactly. Nothing below zero has a bar.
fn amount(value: &Value) -> Option<u128> {
    const DIGITS: usize = 12;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(DIGITS).collect();
    format!("{whole}{fraction}").parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(columns: [&str; 2], rows: &[[Value; 2]]) -> Table {
        Table { columns: columns.map(str::to_owned).into(), rows: rows.iter().map(|row| row.to_vec()).collect() }
    }

    #[test]
    fn bars_are_as_long_as_amounts_are_large() {
        let rows = [json!("8"), json!("4.00"), json!("0.000000000001"), json!("0"), Value::Null, json!("-1")];
        let table = table(["model", "cost_usd"], &rows.map(|cost| [json!("m"), cost]));
        let bars = Measure::of(&table).unwrap().bars();
        assert_eq!(bars, ["█".repeat(20), "█".repeat(10), "▏".to_owned(), String::new(), String::new(), String::new()]);
    }

    #[test]
    fn what_cannot_be_compared_has_no_bars() {
        let two = [[json!("a"), json!("1")], [json!("b"), json!("2")]];
        assert!(Measure::of(&table(["model", "cost_usd"], &two)).is_some());
        assert!(Measure::of(&table(["id", "cost_usd"], &two)).is_none(), "a list of calls");
        assert!(Measure::of(&table(["model", "calls"], &two)).is_none(), "no measure");
        assert!(Measure::of(&table(["model", "cost_usd"], &two[..1])).is_none(), "one row");
        let nothing = [[json!("a"), Value::Null], [json!("b"), json!("0")]];
        assert!(Measure::of(&table(["model", "cost_usd"], &nothing)).is_none(), "no amount");
    }

    #[test]
    fn a_long_time_is_one_line() {
        let days = |count: usize| {
            let rows: Vec<_> = (0..count).map(|day| [json!(format!("{day}")), json!(format!("{day}.5"))]).collect();
            table(["day", "cost_usd"], &rows)
        };
        let line = |table: &Table| Measure::of(table).unwrap().line(table);
        assert_eq!(line(&days(8)).unwrap(), "cost_usd  ▁▂▃▄▅▆▇█");
        assert_eq!(line(&days(7)), None);
        assert_eq!(line(&days(365)).unwrap().chars().count(), "cost_usd  ".len() + 53);
    }
}
