//! Log records → what is no call: what was learnt of one later, a score, a configuration, what was said in
//! one.

use serde_json::Value;

use super::{
    time,
    trust::Learnt,
    values::{number, put, text},
};
use crate::{
    call::{Configuration, Configured, Content, Later, Record, RowId, Score, Scored, Timestamp},
    span::{json::Json, names, otlp::LogRecord},
};

/// Reads an event of ours. `None`: it is another one, or speaks of no row.
pub(super) fn read(record: LogRecord<'_>) -> Result<Option<Record>, String> {
    Ok(match record.event_name.as_str() {
        Some(names::LATER_EVENT) => Some(Record::Later(Box::new(later(record)?))),
        Some(names::EVALUATION_RESULT) if is_of_a_row(&record) => Some(Record::Score(Box::new(score(record)?))),
        Some(names::CONFIGURATION_EVENT) => Some(Record::Configuration(Box::new(configuration(record)?))),
        Some(names::CONTENT_EVENT) => Some(Record::Content(Box::new(content(record)?))),
        _ => None,
    })
}

/// Scores of others name the answer they are about, which is no row.
fn is_of_a_row(record: &LogRecord<'_>) -> bool {
    record.attributes.iter().any(|(name, _)| name == names::ROW_ID)
}

fn later(record: LogRecord<'_>) -> Result<Later, String> {
    let recorded_at = moment(&record)?;
    let (mut row_id, mut learnt) = (None, Learnt::default());
    for (name, value) in record.attributes {
        // What has another name or type says nothing that a row could keep.
        let _ = match &*name {
            names::ROW_ID => put(&mut row_id, text(value)),
            name => learnt.attribute(name, value),
        };
    }
    Ok(Later { row_id: row(row_id, names::LATER_EVENT)?, recorded_at, trust: learnt.finish() })
}

fn score(record: LogRecord<'_>) -> Result<Scored, String> {
    let recorded_at = moment(&record)?;
    let (mut row_id, mut score) = (None, Score::default());
    for (name, value) in record.attributes {
        let _ = match &*name {
            names::ROW_ID => put(&mut row_id, text(value)),
            names::EVALUATION_NAME => put(&mut score.name, text(value)),
            names::EVALUATION_SCORE => put(&mut score.score, number(value)),
            names::EVALUATION_LABEL => put(&mut score.label, text(value)),
            names::EVALUATION_EXPLANATION => put(&mut score.explanation, Ok(value.into_value())),
            _ => Ok(()),
        };
    }
    let row_id = row(row_id, names::EVALUATION_RESULT)?;
    score.check().map_err(|error| format!("{} of row {row_id}: {error}", names::EVALUATION_RESULT))?;
    Ok(Scored { row_id, recorded_at, score })
}

fn configuration(record: LogRecord<'_>) -> Result<Configured, String> {
    let recorded_at = moment(&record)?;
    let (mut id, mut name, mut content) = (String::new(), String::new(), String::new());
    for (key, value) in record.attributes {
        let _ = match &*key {
            names::CONFIGURATION_ID => put(&mut id, text(value)),
            names::CONFIGURATION_NAME => put(&mut name, text(value)),
            names::CONFIGURATION_CONTENT => put(&mut content, text(value)),
            _ => Ok(()),
        };
    }
    if id.is_empty() {
        return Err(format!("{} without {}", names::CONFIGURATION_EVENT, names::CONFIGURATION_ID));
    }
    let content: serde_json::Value = serde_json::from_str(&content)
        .map_err(|error| format!("{} {id}: its content is not JSON: {error}", names::CONFIGURATION_EVENT))?;
    Ok(Configured { id, recorded_at, configuration: Configuration::new(name, content) })
}

fn content(record: LogRecord<'_>) -> Result<Content, String> {
    let started_at = moment(&record)?;
    let (mut row_id, mut prompt, mut request, mut response) = (None, None, None, None);
    for (name, value) in record.attributes {
        let _ = match &*name {
            names::ROW_ID => put(&mut row_id, text(value)),
            names::CONTENT_PROMPT => put(&mut prompt, text(value)),
            names::CONTENT_REQUEST => put(&mut request, json(value)),
            names::CONTENT_RESPONSE => put(&mut response, json(value)),
            _ => Ok(()),
        };
    }
    Ok(Content { row_id: row(row_id, names::CONTENT_EVENT)?, started_at, prompt, request, response })
}

/// A text that is JSON.
fn json(value: Json<'_>) -> Result<Value, Json<'_>> {
    match value.as_str().and_then(|text| serde_json::from_str(text).ok()) {
        Some(json) => Ok(json),
        None => Err(value),
    }
}

fn moment(record: &LogRecord<'_>) -> Result<Timestamp, String> {
    time(&record.time, "timeUnixNano")
}

fn row(id: Option<String>, event: &str) -> Result<RowId, String> {
    id.unwrap_or_default().parse().map_err(|error| format!("{event}: {error}"))
}
