//! Putting back what was set aside, once its reason is gone.
//!
//! The lines go into a new segment as they were, and leave `set-aside.jsonl` only when that segment is on the disk. A crash
//! in between leaves them in both: stored twice is stored once. Whoever does this holds the folder's drain lock meanwhile,
//! because a drain appends to the same file.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use super::{
    SetAside, folder,
    hold::Hold,
    segment::{System, Writer},
    set_aside,
};

/// What putting back came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutBack {
    /// Lines that wait in the spool again.
    pub lines: u64,
    /// Lines of which only the beginning was kept: they stay where they are.
    pub cut: u64,
}

/// Puts lines back into the spool of a folder: those of which `wanted` says so, by their number in the file, from 1 on.
/// `None`: another process drains the folder, and nothing was done.
///
/// # Errors
///
/// The disk does not take it. Each line is then still where it was, if not in both places.
pub fn put_back(folder: &Path, wanted: impl Fn(u64, &SetAside) -> bool) -> io::Result<Option<PutBack>> {
    let Some(_hold) = Hold::take(folder)? else { return Ok(None) };
    let (mut done, mut lines, mut seen, mut rest) = (PutBack::default(), Vec::new(), HashSet::new(), Vec::new());
    for (number, aside) in (1..).zip(set_aside::read(folder)?) {
        let aside = aside?;
        let whole = if wanted(number, &aside) { aside.whole() } else { None };
        match whole {
            Some(line) => {
                done.lines += 1;
                // After a crash a line may be here twice.
                if seen.insert(line.clone()) {
                    lines.extend(line);
                    lines.push(b'\n');
                }
            }
            None => {
                done.cut += u64::from(wanted(number, &aside));
                serde_json::to_writer(&mut rest, &aside)?;
                rest.push(b'\n');
            }
        }
    }
    if done.lines > 0 {
        let marker = format!("-{}-putback", std::process::id());
        let mut writer = Writer::new(folder, System::default(), true, marker);
        writer.write(&lines)?;
        writer.close();
        replace(folder, &rest)?;
    }
    Ok(Some(done))
}

/// Replaces the file of what is set aside, as a whole or not at all.
fn replace(folder: &Path, content: &[u8]) -> io::Result<()> {
    let path = folder.join(folder::SET_ASIDE);
    if content.is_empty() {
        fs::remove_file(path)?;
        return folder::sync(folder);
    }
    let fresh = folder.join(format!("{}{}", folder::SET_ASIDE, folder::FRESH));
    let mut file = File::create(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(fresh, path)?;
    folder::sync(folder)
}
