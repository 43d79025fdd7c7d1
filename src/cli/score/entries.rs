//! Scores as a file has them: CSV with a header, or JSON lines. One that cannot be read costs no other.

use std::io::{self, BufRead, Read as _};

use anyhow::{Context as _, bail};
use csv::StringRecord;
use serde::Deserialize;
use serde_json::Value;

use crate::call::Score;

/// The columns of a CSV file and the members of a JSON line.
const COLUMNS: &[&str] = &["id", "name", "score", "label", "explanation", "recorded_at"];

/// A line that is longer is none.
const LONGEST: u64 = 1 << 20;

/// What a line says.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: String,
    name: String,
    score: Option<f64>,
    label: Option<String>,
    explanation: Option<Value>,
    /// When it was said; now, if nothing is said of it.
    pub(super) recorded_at: Option<String>,
}

impl Entry {
    pub(super) fn score(&mut self) -> Score {
        let mut score = Score::default();
        score.name = std::mem::take(&mut self.name);
        score.score = self.score;
        score.label = self.label.take();
        score.explanation = self.explanation.take();
        score
    }
}

/// The entries of a file, each with the number of its line.
pub(super) enum Entries {
    Csv { reader: Box<csv::Reader<Box<dyn BufRead>>>, columns: Vec<usize>, record: StringRecord },
    Json { input: Box<dyn BufRead>, text: Vec<u8>, line: u64 },
}

impl Entries {
    /// What begins with `{` has JSON lines, everything else is CSV.
    pub(super) fn of(mut input: Box<dyn BufRead>) -> anyhow::Result<Self> {
        let mut line = 0;
        if first(&mut *input, &mut line)? == Some(b'{') {
            return Ok(Self::Json { input, text: Vec::new(), line });
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(input);
        let columns = reader.headers().context("The header cannot be read")?.iter().map(column);
        let columns: Vec<usize> = columns.collect::<anyhow::Result<_>>()?;
        for needed in ["id", "name"] {
            if !columns.iter().any(|column| COLUMNS.get(*column) == Some(&needed)) {
                bail!("The header has no column {needed}; the columns are {}", COLUMNS.join(", "));
            }
        }
        Ok(Self::Csv { reader: Box::new(reader), columns, record: StringRecord::new() })
    }

    /// The next one. `None`: there is none.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Result<Entry, String>)>> {
        match self {
            Self::Csv { reader, columns, record } => match reader.read_record(record) {
                Ok(false) => Ok(None),
                Ok(true) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    Ok(Some((line, of_record(record, columns))))
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    match error.into_kind() {
                        csv::ErrorKind::Io(error) => Err(error),
                        csv::ErrorKind::Utf8 { .. } => Ok(Some((line, Err("it is not UTF-8".to_owned())))),
                        _ => Ok(Some((line, Err("it is not CSV".to_owned())))),
                    }
                }
            },
            Self::Json { input, text, line } => loop {
                text.clear();
                if input.take(LONGEST).read_until(b'\n', text)? == 0 {
                    return Ok(None);
                }
                *line += 1;
                if text.len() as u64 == LONGEST && !text.ends_with(b"\n") {
                    input.skip_until(b'\n')?;
                    return Ok(Some((*line, Err("it is longer than 1 MiB".to_owned()))));
                }
                if !text.trim_ascii().is_empty() {
                    let entry = serde_json::from_slice(text).map_err(|error| error.to_string());
                    return Ok(Some((*line, entry)));
                }
            },
        }
    }
}

/// The first byte that is no space, which stays where it is. How many lines are before it.
fn first(input: &mut dyn BufRead, lines: &mut u64) -> io::Result<Option<u8>> {
    loop {
        let bytes = input.fill_buf()?;
        let Some(first) = bytes.first().copied() else { return Ok(None) };
        if !first.is_ascii_whitespace() {
            return Ok(Some(first));
        }
        *lines += u64::from(first == b'\n');
        input.consume(1);
    }
}

/// Which of the columns a header names. Programs for spreadsheets begin a file with a mark of its byte order.
fn column(header: &str) -> anyhow::Result<usize> {
    let name = header.trim_start_matches('\u{feff}').to_ascii_lowercase();
    COLUMNS.iter().position(|column| *column == name).with_context(|| {
        format!("The header has a column `{}`; the columns are {}", header.escape_debug(), COLUMNS.join(", "))
    })
}

fn of_record(record: &StringRecord, columns: &[usize]) -> Result<Entry, String> {
    let mut entry = Entry::default();
    for (value, column) in record.iter().zip(columns).filter(|(value, _)| !value.is_empty()) {
        match COLUMNS.get(*column).copied() {
            Some("id") => value.clone_into(&mut entry.id),
            Some("name") => value.clone_into(&mut entry.name),
            Some("score") => {
                let number = value.parse().map_err(|_| format!("`{}` is no number", value.escape_debug()))?;
                entry.score = Some(number);
            }
            Some("label") => entry.label = Some(value.to_owned()),
            Some("explanation") => entry.explanation = Some(value.into()),
            _ => entry.recorded_at = Some(value.to_owned()),
        }
    }
    if record.len() > columns.len() {
        return Err(format!("it has {} values, and the header has {}", record.len(), columns.len()));
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &'static str) -> Vec<(u64, Result<Entry, String>)> {
        let mut entries = Entries::of(Box::new(text.as_bytes())).unwrap();
        std::iter::from_fn(|| entries.next().unwrap()).collect()
    }

    #[test]
    fn both_kinds_of_file_say_the_same() {
        let csv =
            all("\u{feff}name,ID,label,score,explanation\naccuracy,1b28,pass,0.93,\"good, mostly\"\nstars,2c,,4,\n");
        let json = all(
            "\n{\"id\":\"1b28\",\"name\":\"accuracy\",\"label\":\"pass\",\"score\":0.93,\"explanation\":\"good, mostly\"}\n\n{\"id\":\"2c\",\"name\":\"stars\",\"score\":4}",
        );
        let said = |entries: Vec<(u64, Result<Entry, String>)>| {
            entries.into_iter().map(|(_, entry)| entry.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(csv.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(json.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4]);
        let (csv, json) = (said(csv), said(json));
        assert_eq!(csv, json);
        assert_eq!((csv[0].score, csv[1].label.as_deref()), (Some(0.93), None));
    }

    #[test]
    fn a_bad_line_costs_one_line() {
        let csv = all("id,name,score\n1,a,x\n2,a,1,2\n3,a,0.5\n");
        let told: Vec<_> = csv.iter().map(|(line, entry)| (*line, entry.as_ref().err().map(String::as_str))).collect();
        assert_eq!(
            told,
            [(2, Some("`x` is no number")), (3, Some("it has 4 values, and the header has 3")), (4, None)]
        );
        let json =
            all("{\"id\":\"1\"}\n{\"id\":\"1\",\"name\":\"a\",\"lable\":\"b\"}\nnull\n{\"id\":\"1\",\"name\":\"a\"}\n");
        assert_eq!(json.iter().map(|(_, entry)| entry.is_ok()).collect::<Vec<_>>(), [false, false, false, true]);
        assert!(json[1].1.as_ref().unwrap_err().contains("lable"), "{json:?}");
    }

    #[test]
    fn a_header_that_is_none_is_named() {
        for (header, sentence) in
            [("1b28,accuracy,1\n", "`1b28`"), ("id,score\n", "no column name"), ("", "no column id")]
        {
            let error = Entries::of(Box::new(header.as_bytes())).err().unwrap().to_string();
            assert!(error.contains(sentence), "{error}");
        }
    }
}
