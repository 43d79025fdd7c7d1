//! Sums of money, put together from their two whole numbers. One amount fits 64 bits; a sum may not.

use serde_json::Value;

use crate::store::Table;

/// Turns each pair of columns `<name>__micro`, `<name>__pico` into one column `<name>` of exact decimals.
pub(super) fn whole(mut table: Table) -> Table {
    while let Some(at) = table.columns.iter().position(|column| column.ends_with("__micro")) {
        let name = table.columns[at].trim_end_matches("__micro").to_owned();
        let Some(rest) = table.columns.iter().position(|column| *column == format!("{name}__pico")) else {
            break;
        };
        for row in &mut table.rows {
            row[at] = match (row[at].as_i64(), row[rest].as_i64()) {
                (Some(micro), Some(pico)) => decimal(i128::from(micro) * 1_000_000 + i128::from(pico)).into(),
                _ => Value::Null,
            };
            row.remove(rest);
        }
        table.columns[at] = name;
        table.columns.remove(rest);
    }
    table
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
}
