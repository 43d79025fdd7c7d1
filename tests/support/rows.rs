//! The rows of a ledger, as anybody can query them.

use serde_json::{Map, Value};
use spanledger::{
    call::Usd,
    store::{self, Error, Query},
};

use super::Counts;

/// One row: values by the names of the columns; costs are decimal strings, from the exact columns.
#[derive(Clone, Debug)]
pub struct Row(Map<String, Value>);

impl Row {
    /// A column. What is unknown is null.
    pub fn get(&self, column: &str) -> &Value {
        self.0.get(column).unwrap_or(&Value::Null)
    }

    /// A column of text; empty where it is unknown.
    pub fn text(&self, column: &str) -> &str {
        self.get(column).as_str().unwrap_or_default()
    }

    /// All columns but these.
    pub fn without(&self, columns: &[&str]) -> Value {
        let columns = self.0.iter().filter(|(name, _)| !columns.contains(&name.as_str()));
        columns.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
    }

    /// Whether some of its counts are estimated, because the provider does not tell them.
    pub fn is_estimated(&self) -> bool {
        self.text("usage_source") == "estimated"
    }

    /// The token counts, without those that are estimated: the ones that the provider does not tell.
    pub fn counts_told(&self, told: Counts) -> Counts {
        let counts = self.counts();
        let estimated = self.is_estimated();
        Counts {
            input: counts.input.filter(|_| !estimated || told.input.is_some()),
            output: counts.output.filter(|_| !estimated || told.output.is_some()),
            ..counts
        }
    }

    /// The token counts.
    pub fn counts(&self) -> Counts {
        let count = |column| self.get(column).as_u64();
        Counts {
            input: count("input_tokens"),
            output: count("output_tokens"),
            cache_read: count("cache_read_tokens"),
            cache_write: count("cache_write_tokens"),
            reasoning: count("reasoning_tokens"),
        }
    }
}

/// Every row of a ledger, the oldest first.
pub async fn all(url: &str) -> Result<Vec<Row>, Error> {
    let store = store::open(url, false)?;
    let table = store.query(&Query::new("SELECT * FROM usage_log ORDER BY started_at, id")).await?;
    store.close().await;
    let row = |values: Vec<Value>| {
        let mut row: Map<String, Value> = table.columns.iter().cloned().zip(values).collect();
        for name in ["cost", "input_cost", "output_cost"] {
            let exact = row[&format!("{name}_picousd")].as_i64().map(|amount| Usd::from_pico(amount).to_string());
            row.insert(format!("{name}_usd"), exact.into());
        }
        Row(row)
    };
    Ok(table.rows.into_iter().map(row).collect())
}
