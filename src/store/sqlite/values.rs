//! The values of rows as the driver takes them, each text allocated once.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use sqlx::{Arguments as _, error::BoxDynError, sqlite::SqliteArguments};

use crate::store::{
    clean::{self, Hash},
    columns::Cell,
    moment::sql_text,
};

/// Binds one row after the other.
#[derive(Debug)]
pub(super) struct Values {
    arguments: SqliteArguments,
    hash: Hash,
    /// When the rows arrive.
    now: Arc<str>,
    /// The text that each column had last. Most rows have what the row before had (provider, model, status, …): it is shared.
    last: Vec<Option<Arc<str>>>,
    column: usize,
    json: Vec<u8>,
}

impl Values {
    pub(super) fn new(now: &str) -> Self {
        Self {
            arguments: SqliteArguments::default(),
            hash: Hash::new(),
            now: now.into(),
            last: Vec::new(),
            column: 0,
            json: Vec::new(),
        }
    }

    /// The values of some rows.
    pub(super) fn of<R>(
        &mut self,
        rows: &[R],
        bind: impl Fn(&R, &mut Self) -> Result<(), BoxDynError>,
    ) -> Result<SqliteArguments, BoxDynError> {
        for row in rows {
            self.column = 0;
            bind(row, self)?;
            let hash = std::mem::replace(&mut self.hash, Hash::new()).finish();
            self.arguments.add(hash)?;
            self.arguments.add(Arc::clone(&self.now))?;
            self.arguments.add(Arc::clone(&self.now))?;
            if self.arguments.len() == self.column + 3 {
                self.arguments.reserve((rows.len() - 1) * (self.column + 3), 0);
            }
        }
        Ok(std::mem::take(&mut self.arguments))
    }

    /// The next column's value. It is part of the hash of the row's content, which orders versions that nothing else orders.
    pub(super) fn add(&mut self, cell: &Cell<'_>) -> Result<(), BoxDynError> {
        match cell {
            Cell::Null => self.hash.field(&[0]),
            Cell::Text(text) => self.hash.field(text.as_bytes()),
            Cell::Integer(number) => self.hash.field(&number.to_be_bytes()),
            Cell::Real(number) => self.hash.field(&number.to_bits().to_be_bytes()),
            Cell::Bool(flag) => self.hash.field(&[u8::from(*flag)]),
            Cell::Moment(moment) => self.hash.field(&moment.micros().to_be_bytes()),
            Cell::Money(amount) => self.hash.field(&amount.pico().to_be_bytes()),
            Cell::Json(value) => return self.json(value),
            Cell::Object(members) => return self.json(&Members(members)),
        }
        self.bind(cell)
    }

    /// The next column's value, which is not known by those who make rows: their hash has NULL in its place.
    pub(super) fn add_ours(&mut self, text: Option<&str>) -> Result<(), BoxDynError> {
        self.hash.field(&[0]);
        self.bind(&text.map_or(Cell::Null, |text| Cell::Text(text.into())))
    }

    fn bind(&mut self, cell: &Cell<'_>) -> Result<(), BoxDynError> {
        match cell {
            Cell::Text(text) => return self.text(text),
            Cell::Moment(moment) => return self.text(&sql_text(*moment)),
            Cell::Integer(number) => self.arguments.add(*number)?,
            Cell::Real(number) => self.arguments.add(*number)?,
            Cell::Bool(flag) => self.arguments.add(i64::from(*flag))?,
            Cell::Money(amount) => self.arguments.add(amount.pico())?,
            Cell::Null | Cell::Json(_) | Cell::Object(_) => self.arguments.add(None::<i64>)?,
        }
        self.column += 1;
        Ok(())
    }

    fn json(&mut self, value: &impl Serialize) -> Result<(), BoxDynError> {
        let mut json = std::mem::take(&mut self.json);
        json.clear();
        serde_json::to_writer(&mut json, value)?;
        self.hash.field(&json);
        self.text(&clean::json_text(std::str::from_utf8(&json)?))?;
        self.json = json;
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), BoxDynError> {
        if self.last.len() <= self.column {
            self.last.resize(self.column + 1, None);
        }
        let shared = match self.last.get_mut(self.column) {
            Some(Some(last)) if **last == *text => Arc::clone(last),
            last => {
                let text: Arc<str> = text.into();
                if let Some(last) = last {
                    *last = Some(Arc::clone(&text));
                }
                text
            }
        };
        self.arguments.add(shared)?;
        self.column += 1;
        Ok(())
    }
}

/// An object as JSON.
struct Members<'a, N, V>(&'a [(N, V)]);

impl<N: Serialize, V: Serialize> Serialize for Members<'_, N, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
