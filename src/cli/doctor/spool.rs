//! How the spool is: what waits, who drains it, what was set aside.

use std::{collections::BTreeMap, path::Path};

use super::{Findings, age, files, size};
use crate::{
    cli::grouped,
    spool::{OnDisk, Options, on_disk, read_set_aside},
};

/// A drain that works has stored a line long before.
const LATE: u64 = 60;
const READABLE: &str = "Give the user that runs this the right to read it";
/// So many reasons are told at most.
const REASONS: usize = 3;

pub(super) fn look(folder: &Path, findings: &mut Findings) {
    let found = match on_disk(folder) {
        Ok(Some(found)) => found,
        Ok(None) => return findings.ok("spool", format!("There is none at {}: nothing waits", folder.display())),
        Err(error) => {
            let told = format!("{} cannot be read: {error}", folder.display());
            return findings.attention("spool", told, READABLE);
        }
    };
    full(&found, findings);
    waiting(&found, findings);
    if let Err(error) = files::may_make_files(folder) {
        let told = format!("No file can be made in {}: {error}", folder.display());
        findings.attention(
            "spool folder",
            told,
            "Calls of this user are refused: give it the right to write there, and room",
        );
    }
    files::file_system("spool folder", folder, findings);
    set_aside(folder, findings);
}

fn full(found: &OnDisk, findings: &mut Findings) {
    let limit = Options::default().max_bytes;
    let told = format!("{} of {}", size(found.bytes), size(limit));
    if found.bytes > limit / 10 * 8 {
        findings.attention("spool", told, "It will be full soon, and then calls are refused: is the database away?");
    } else {
        findings.ok("spool", told);
    }
}

fn waiting(found: &OnDisk, findings: &mut Findings) {
    let OnDisk { lines, oldest, drained, .. } = found;
    let waits = oldest.and_then(|oldest| oldest.elapsed().ok()).map_or(0, |age| age.as_secs());
    let told = format!("{} lines, the oldest segment begun {} ago", grouped(lines), age(waits));
    match (lines, drained) {
        (0, true) => findings.ok("waiting", "Nothing; a process drains the spool"),
        (0, false) => findings.ok("waiting", "Nothing"),
        // What is stored stays in its segment until the writer has moved on, so its age alone says little.
        (_, true) => findings.ok("waiting", format!("At most {told}; a process drains the spool")),
        (_, false) if waits > LATE => {
            findings.attention("waiting", format!("{told}, and nobody drains them"), "`spanledger drain` stores them");
        }
        (_, false) => {
            findings.note("waiting", format!("{told}, and nobody drains them"), "`spanledger drain` stores them")
        }
    }
}

fn set_aside(folder: &Path, findings: &mut Findings) {
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    let counted = read_set_aside(folder).and_then(|mut asides| {
        asides.try_for_each(|aside| {
            *reasons.entry(aside?.reason).or_default() += 1;
            Ok(())
        })
    });
    if let Err(error) = counted {
        return findings.attention("set aside", format!("set-aside.jsonl cannot be read: {error}"), READABLE);
    }
    let all: u64 = reasons.values().sum();
    if all == 0 {
        return findings.ok("set aside", "Nothing");
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    let mut told: Vec<_> = reasons.iter().take(REASONS).map(|(reason, lines)| format!("{lines}: {reason}")).collect();
    if reasons.len() > REASONS {
        told.push("…".to_owned());
    }
    let hint = "`spanledger set-aside list` shows them, `set-aside retry` puts them back once the reason is gone";
    findings.attention("set aside", format!("{} lines ({})", grouped(all), told.join("; ")), hint);
}
