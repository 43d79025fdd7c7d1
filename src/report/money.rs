//! Sums of money, put together from their two whole numbers. One amount fits 64 bits; a sum may not.

use std::fmt;

use serde_json::Value;

use crate::{call::Usd, store::Table};

/// An exact sum of US dollars, in pico-dollars (1e-12 USD). One [`Usd`] ends at 9.2 million dollars, a sum of them does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsdSum(i128);

impl UsdSum {
    /// From pico-dollars.
    #[must_use]
    pub const fn from_pico(pico: i128) -> Self {
        Self(pico)
    }

    /// In pico-dollars.
    #[must_use]
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// As one amount; `None` if it is too large for that.
    #[must_use]
    pub fn to_usd(self) -> Option<Usd> {
        i64::try_from(self.0).ok().map(Usd::from_pico)
    }
}

/// The exact decimal, without trailing zeros.
impl fmt::Display for UsdSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(self.0))
    }
}

/// Turns each pair of columns `<name>__micro`, `<name>__pico` into one column `<name>` of exact decimals, divided by
/// `<name>__over` where there is one.
pub(super) fn whole(mut table: Table) -> Table {
    while let Some(at) = table.columns.iter().position(|column| column.ends_with("__micro")) {
        let name = table.columns[at].trim_end_matches("__micro").to_owned();
        let Some(pico) = taken(&mut table, &format!("{name}__pico")) else { break };
        let over = taken(&mut table, &format!("{name}__over"));
        let at = table.columns.iter().position(|column| column.ends_with("__micro")).unwrap_or(at);
        for (number, row) in table.rows.iter_mut().enumerate() {
            let sum = sum(&row[at], &pico[number]);
            let amount = match &over {
                Some(over) => sum.zip(over[number].as_i64()).and_then(|(sum, over)| divided(sum, over.into())),
                None => sum,
            };
            row[at] = amount.map_or(Value::Null, |pico| decimal(pico).into());
        }
        table.columns[at] = name;
    }
    table
}

/// A column's values, taken out of a table.
fn taken(table: &mut Table, name: &str) -> Option<Vec<Value>> {
    let at = table.columns.iter().position(|column| column == name)?;
    table.columns.remove(at);
    Some(table.rows.iter_mut().map(|row| row.remove(at)).collect())
}

/// In pico-dollars.
pub(super) fn sum(micro: &Value, pico: &Value) -> Option<i128> {
    Some(i128::from(micro.as_i64()?) * 1_000_000 + i128::from(pico.as_i64()?))
}

/// To the nearest; halves away from zero. `None` over nothing.
fn divided(sum: i128, over: i128) -> Option<i128> {
    (over > 0).then(|| (sum.abs() + over / 2) / over * sum.signum())
}

/// Pico-dollars as a decimal of dollars, without trailing zeros.
pub(crate) fn decimal(pico: i128) -> String {
    const PER_DOLLAR: u128 = 1_000_000_000_000;
    let sign = if pico < 0 { "-" } else { "" };
    let (whole, fraction) = (pico.unsigned_abs() / PER_DOLLAR, pico.unsigned_abs() % PER_DOLLAR);
    let decimal = format!("{sign}{whole}.{fraction:012}");
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_whole_numbers_become_one_exact_decimal() {
        let table = Table {
            columns: ["model", "cost_usd__micro", "cost_usd__pico", "calls"].map(str::to_owned).into(),
            rows: vec![
                vec![json!("a"), json!(i64::MAX), json!(999_999), json!(1)],
                vec![json!("b"), json!(-1), json!(-500_000), json!(2)],
                vec![json!("c"), Value::Null, Value::Null, json!(3)],
                vec![json!("d"), json!(0), json!(0), json!(4)],
            ],
        };
        let table = whole(table);
        assert_eq!(table.columns, ["model", "cost_usd", "calls"]);
        let costs: Vec<_> = table.rows.iter().map(|row| row[1].clone()).collect();
        assert_eq!(costs, [json!("9223372036854.775807999999"), json!("-0.0000015"), Value::Null, json!("0")]);
    }

    #[test]
    fn an_amount_over_a_number_is_rounded_once_and_unknown_over_none() {
        let columns = ["each__over", "calls", "each__micro", "each__pico", "cost__pico", "cost__micro"];
        let row = |over: Value, micro: i64| vec![over, json!(7), json!(micro), json!(0), json!(1), json!(micro)];
        let table = Table {
            columns: columns.map(str::to_owned).into(),
            rows: vec![row(json!(3), 2), row(json!(0), 2), row(Value::Null, 2), row(json!(3), -2)],
        };
        let table = whole(table);
        assert_eq!(table.columns, ["calls", "each", "cost"]);
        let each: Vec<_> = table.rows.iter().map(|row| row[1].clone()).collect();
        assert_eq!(each, [json!("0.000000666667"), Value::Null, Value::Null, json!("-0.000000666667")]);
        assert_eq!(table.rows[0], [json!(7), json!("0.000000666667"), json!("0.000002000001")]);
    }
}
