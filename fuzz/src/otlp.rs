//! Lines of other collectors, as `spanledger import` reads them.

use spanledger::{
    PriceBook,
    call::{Record, Source},
    fuzzing,
    span::read,
};

use crate::call;

/// What is read is priced, written, and read again the same: nothing that was taken in is lost on the way. A line with a
/// blank in front is no line of ours, and is read the long way.
pub fn import(input: &[u8]) {
    let read = read::line(input, Source::Otlp);
    let long = read::line(&[b" ", input].concat(), Source::Otlp);
    assert_eq!(read.as_ref().ok(), long.as_ref().ok());
    let Ok(line) = read else { return };
    assert!(line.rejected.iter().all(|reason| !reason.is_empty()));
    for record in line.records {
        match record {
            Record::Call(mut read) => {
                assert!(read.source <= Source::Otlp && read.ended_at >= read.started_at);
                call::counts_can_be_stored(&read);
                if read.cost.status.is_none() {
                    read.cost = PriceBook::bundled().price(&read);
                }
                call::is_a_row(&read);
                call::comes_back(&read);
            }
            other => {
                let again = read::line(&fuzzing::line_of(&other), Source::Otlp).expect("our own line");
                assert_eq!(again.records.len(), 1);
            }
        }
    }
}
