//! Lines of other collectors, as `spanledger import` reads them.

use spanledger::{
    PriceBook,
    call::{Record, Source},
    fuzzing,
    span::read,
};

use crate::call;

/// What is read is priced, written, and read again the same: nothing that was taken in is lost on the way.
pub fn import(input: &[u8]) {
    let Ok(line) = read::line(input, Source::Otlp) else { return };
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
            Record::Later(later) => {
                let again = read::line(&fuzzing::line_of_later(&later), Source::Otlp).expect("our own line");
                assert_eq!(again.records.len(), 1);
            }
        }
    }
}
