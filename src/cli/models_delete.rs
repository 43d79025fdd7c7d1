//! `spanledger models delete`: a model with its calls, what was said in them, and their scores.

use std::io::{self, BufRead, IsTerminal as _, Write};

use anyhow::bail;

use super::{gc, open_ledger};
use crate::{
    report::UsdSum,
    store::{
        Store,
        retention::{Belongings, Model, Sweep, belongings, delete_model, models},
    },
};

/// Delete a model with all its calls, what was said in them, and their scores.
///
/// It says first what would go, and asks. Reports then no longer count those calls. A later call of the model makes it anew.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spanledger models delete gpt-4o@2024-08-06
  spanledger models delete llama3.1:8b --yes     for scripts: without asking")]
pub(super) struct Arguments {
    /// Its name, with its version behind an @ where it has several: gpt-4o@2024-08-06, or gpt-4o@ for the one without.
    model: String,
    /// Yes, delete it.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(arguments: &Arguments, ledger: &str, notes: &mut dyn Write) -> anyhow::Result<()> {
    let store = open_ledger(ledger, notes).await?;
    let model = the_one(&arguments.model, models(store.as_ref(), &arguments.model).await?)?;
    let belongs = belongings(store.as_ref(), &model.id).await?;
    writeln!(notes, "{}", what_goes(&model, &belongs))?;
    let stdin = io::stdin();
    let sure = match (arguments.yes, stdin.is_terminal()) {
        (true, _) => true,
        (false, true) => is_sure(&mut stdin.lock(), notes)?,
        (false, false) => bail!("Nobody can be asked here; say --yes to delete it"),
    };
    if sure {
        delete(store.as_ref(), &model, belongs.calls, notes).await?;
    } else {
        writeln!(notes, "Nothing was deleted.")?;
    }
    store.close().await;
    Ok(())
}

async fn delete(store: &dyn Store, model: &Model, calls: u64, notes: &mut dyn Write) -> anyhow::Result<()> {
    gc::delete(store, [Sweep::of_model(&model.id)], calls, notes).await?;
    Ok(delete_model(store, &model.id).await?)
}

/// The model that a name means.
fn the_one(name: &str, mut found: Vec<Model>) -> anyhow::Result<Model> {
    match found.len() {
        0 => bail!("There is no model {name:?} in this ledger; `spanledger models` lists those that were used"),
        1 => Ok(found.remove(0)),
        _ => {
            let names: Vec<_> = found.iter().map(full_name).collect();
            bail!("{name:?} has several versions; name one of {}", names.join(", "))
        }
    }
}

fn full_name(model: &Model) -> String {
    format!("{}@{}", model.name, model.version)
}

fn what_goes(model: &Model, belongs: &Belongings) -> String {
    let Belongings { calls, content, scores, cost_pico } = *belongs;
    let cost = UsdSum::from_pico(cost_pico);
    let name = full_name(model);
    format!(
        "With {} go {calls} calls that cost {cost} USD, what was said in {content} of them, and {scores} scores and facts.",
        name.trim_end_matches('@')
    )
}

/// Asks. Anything but yes is no.
fn is_sure(answers: &mut dyn BufRead, notes: &mut dyn Write) -> io::Result<bool> {
    write!(notes, "Delete them? [y/N] ")?;
    notes.flush()?;
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (answer, sure) in
            [("y\n", true), ("YES\n", true), ("\n", false), ("", false), ("no\n", false), ("yep\n", false)]
        {
            let mut asked = Vec::new();
            assert_eq!(is_sure(&mut answer.as_bytes(), &mut asked).unwrap(), sure, "{answer:?}");
            assert!(String::from_utf8(asked).unwrap().ends_with("[y/N] "));
        }
    }

    #[test]
    fn a_name_that_means_several_models_is_refused_with_their_names() {
        let model =
            |version: &str| Model { id: version.to_owned(), name: "gpt-4o".to_owned(), version: version.to_owned() };
        let error = the_one("gpt-4o", vec![model(""), model("2024-08-06")]).unwrap_err().to_string();
        assert_eq!(error, "\"gpt-4o\" has several versions; name one of gpt-4o@, gpt-4o@2024-08-06");
        assert_eq!(the_one("gpt-4o@", vec![model("")]).unwrap(), model(""));
        assert!(the_one("x", Vec::new()).is_err());
    }
}
