//! `spanledger users`: who the users are.

use std::{fs::File, io::Write};

use anyhow::{Context as _, ensure};

use super::{Output, ended::Ended, open_ledger, progress::Progress};
use crate::store::{
    Store, Table, from_sql_text,
    users::{self, User},
};

/// So many users are one transaction.
const BATCH: usize = 500;

/// Give names and addresses to the users that calls are recorded for, or list them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger users import users.csv
  spanledger users list --format csv")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Take users from a CSV file with a header: id, and any of name, email and link, in any order.
    ///
    /// The id is what calls have as their user. Users that are known get what the file says; what it has no column for stays,
    /// and an empty cell takes away. Other columns are named and passed over. A line that cannot be read is named and costs
    /// no other. The same file twice changes nothing.
    Import {
        /// The file, or - for standard input.
        file: String,
    },
    /// List the users that are known, with the number of their calls.
    List,
}

pub(super) async fn run(
    arguments: Arguments,
    ledger: &str,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let store = open_ledger(ledger, notes).await?;
    match &arguments.what {
        What::Import { file } => import(store.as_ref(), file, out, notes).await?,
        What::List => arguments.output.print(&shown(users::list(store.as_ref()).await?), out)?,
    }
    store.close().await;
    Ok(())
}

/// Moments as people and programs read them.
fn shown(mut table: Table) -> Table {
    for cell in table.rows.iter_mut().filter_map(|row| row.last_mut()) {
        if let Some(moment) = cell.as_str().and_then(from_sql_text) {
            *cell = moment.into();
        }
    }
    table
}

async fn import(store: &dyn Store, file: &str, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let input: Box<dyn std::io::Read> = match file {
        "-" => Box::new(std::io::stdin().lock()),
        file => Box::new(File::open(file).with_context(|| format!("{file} cannot be opened"))?),
    };
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
    let header = csv.byte_headers().with_context(|| format!("{file} has no header that can be read"))?;
    let columns = Columns::of(header, notes).with_context(|| format!("{file} cannot be imported"))?;
    let mut progress = Progress::start("Reading", "users")?;
    let (mut batch, mut read, mut changed, mut unreadable) = (Vec::new(), 0, 0, 0);
    let mut records = csv.byte_records();
    loop {
        let record = records.next();
        let is_over = record.is_none();
        match record.map(|record| columns.user(&record.map_err(|error| what_is_wrong(&error))?)) {
            Some(Ok(user)) => batch.push(user),
            Some(Err(reason)) => {
                unreadable += 1;
                progress.clear();
                writeln!(notes, "{reason}")?;
            }
            None => {}
        }
        if batch.len() == BATCH || is_over {
            changed += users::upsert(store, &batch).await?;
            read += batch.len();
            batch.clear();
            progress.at(read as u64, None);
            if is_over {
                break;
            }
            if progress.is_interrupted() {
                return Err(Ended::interrupted(format!("{read} users are stored.")));
            }
        }
    }
    drop(progress);
    writeln!(out, "Read {read} users: {changed} are new or changed. {unreadable} lines could not be read.")?;
    ensure!(read > 0 || unreadable == 0, "Nothing in {file} could be imported");
    Ok(())
}

/// Where the columns of a file stand.
#[derive(Debug, Default)]
struct Columns {
    id: usize,
    name: Option<usize>,
    email: Option<usize>,
    link: Option<usize>,
}

impl Columns {
    fn of(header: &csv::ByteRecord, notes: &mut dyn Write) -> anyhow::Result<Self> {
        let (mut columns, mut id) = (Self::default(), None);
        for (at, name) in header.iter().enumerate() {
            let name = String::from_utf8_lossy(name).trim_start_matches('\u{feff}').to_ascii_lowercase();
            let column = match name.as_str() {
                "id" | "user_id" => &mut id,
                "name" => &mut columns.name,
                "email" | "e-mail" => &mut columns.email,
                "link" => &mut columns.link,
                _ => {
                    writeln!(notes, "The column {name:?} is passed over; there are id, name, email and link.")?;
                    continue;
                }
            };
            ensure!(column.replace(at).is_none(), "its header has two columns {name:?}; keep one");
        }
        columns.id = id.context("its first line must name the columns, and one of them is id")?;
        Ok(columns)
    }

    /// The user of a line, or what is wrong with it.
    fn user(&self, record: &csv::ByteRecord) -> Result<User, String> {
        let line = record.position().map_or(0, csv::Position::line);
        let text = |at: usize| {
            let cell = record.get(at).unwrap_or_default();
            std::str::from_utf8(cell).map_err(|_| format!("line {line}: not UTF-8"))
        };
        let told = |at: Option<usize>| {
            let cell = at.map(text).transpose()?;
            Ok::<_, String>(cell.map(|cell| Some(cell.to_owned()).filter(|cell| !cell.is_empty())))
        };
        let id = text(self.id)?;
        if record.iter().any(|cell| memchr::memchr(b'\n', cell).is_some()) {
            return Err(format!(
                "line {line}: a cell goes on behind its line, and swallows others: is a quote missing?"
            ));
        }
        if id.is_empty() {
            return Err(format!("line {line}: without an id"));
        }
        let mut user = User::new(id);
        (user.name, user.email, user.link) = (told(self.name)?, told(self.email)?, told(self.link)?);
        Ok(user)
    }
}

fn what_is_wrong(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line}: {len} cells where the header has {expected_len}")
        }
        _ => format!("a line cannot be read: {error}"),
    }
}
