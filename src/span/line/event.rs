//! What is no call, as an `ExportLogsServiceRequest` with one event.

use std::io::Write as _;

use serde_json::Value;

use super::{JsonAttributes, scope};
use crate::{
    call::{Configured, Content, Later, RowId, Scored, Timestamp},
    span::{
        names,
        write::{AttributeName, AttributeValue, Attributes as _, Writer, write_score, write_trust},
    },
};

/// What was learnt later, without a line end.
pub(crate) fn later(later: &Later) -> Vec<u8> {
    event(names::LATER_EVENT, later.recorded_at, |attributes| {
        row_id(later.row_id, attributes);
        write_trust(&later.trust, &mut Writer(attributes));
    })
}

/// A score, as the semantic conventions have it, and whose it is.
pub(crate) fn score(scored: &Scored) -> Vec<u8> {
    event(names::EVALUATION_RESULT, scored.recorded_at, |attributes| {
        row_id(scored.row_id, attributes);
        write_score(&scored.score, attributes);
    })
}

/// A configuration. Its content is one text: no cap cuts it, and every number comes back as it was.
pub(crate) fn configuration(configured: &Configured) -> Vec<u8> {
    event(names::CONFIGURATION_EVENT, configured.recorded_at, |attributes| {
        let content = configured.configuration.content.to_string();
        for (name, text) in [
            (names::CONFIGURATION_ID, &configured.id),
            (names::CONFIGURATION_NAME, &configured.configuration.name),
            (names::CONFIGURATION_CONTENT, &content),
        ] {
            attributes.put(AttributeName::Fixed(name), AttributeValue::Text(text));
        }
    })
}

/// What was asked and answered. Each part is one text: no cap cuts it, and reading it costs little.
pub(crate) fn content(content: &Content) -> Vec<u8> {
    event(names::CONTENT_EVENT, content.started_at, |attributes| {
        row_id(content.row_id, attributes);
        for (name, text) in [
            (names::CONTENT_PROMPT, content.prompt.clone()),
            (names::CONTENT_REQUEST, content.request.as_ref().map(Value::to_string)),
            (names::CONTENT_RESPONSE, content.response.as_ref().map(Value::to_string)),
        ] {
            if let Some(text) = text {
                attributes.put(AttributeName::Fixed(name), AttributeValue::Text(&text));
            }
        }
    })
}

fn row_id(id: RowId, attributes: &mut JsonAttributes<'_>) {
    attributes.put(AttributeName::Fixed(names::ROW_ID), AttributeValue::Text(&id.text()));
}

fn event(name: &str, at: Timestamp, write: impl FnOnce(&mut JsonAttributes<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"{\"resourceLogs\":[{\"resource\":{},\"scopeLogs\":[{\"scope\":");
    scope(&mut out);
    let _ = write!(
        out,
        ",\"logRecords\":[{{\"timeUnixNano\":\"{}\",\"eventName\":\"{name}\",\"attributes\":[",
        at.unix_nanos(),
    );
    write(&mut JsonAttributes::new(&mut out));
    out.extend_from_slice(b"]}]}]}]}");
    out
}
