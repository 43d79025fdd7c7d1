//! Recorded exchanges, as `spanledger inspect` reads them.

use serde_json::Value;
use spanledger::{PriceBook, fuzzing};

/// One line of JSON for each entry, whatever the entry is.
pub fn inspect(input: &[u8]) {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let read = fuzzing::inspect_har(input, PriceBook::bundled(), &mut out, &mut notes);
    let document = serde_json::from_slice::<Value>(input).ok();
    let entries = document.as_ref().and_then(|har| har.pointer("/log/entries")).and_then(Value::as_array);
    if let Some(entries) = entries {
        read.expect("a HAR file is read");
        let lines: Vec<_> = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), entries.len());
        for line in lines {
            let row: Value = serde_json::from_slice(line).expect("a line is JSON");
            assert!(row.is_null() || row.is_object());
        }
    }
}
