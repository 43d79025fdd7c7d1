//! The file of aliases and machines: TOML in, [`Models`] out, and a sentence for every mistake.

use std::{fmt, ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{ModelIdentifier, Models};

impl Models {
    /// Reads a file's text. `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// The first mistake in the text, in a sentence that says where it is and what to write instead.
    pub fn from_toml(text: &str, name: &str) -> Result<Self, ModelsFileError> {
        let place = Place { text, name };
        let document = DeTable::parse(text).map_err(|error| {
            place.error(&error.span().unwrap_or_default(), &format!("no valid TOML: {}", error.message()))
        })?;
        let mut models = Self::default();
        for (key, value) in document.get_ref() {
            let table = match (key.get_ref().as_ref(), value.get_ref()) {
                ("aliases" | "nodes", DeValue::Table(table)) => table,
                (other, _) => {
                    let what = format!("`{other}` has no meaning here; the tables are [aliases] and [nodes]");
                    return Err(place.error(&key.span(), &what));
                }
            };
            for (name, value) in table {
                models = match key.get_ref().as_ref() {
                    "aliases" => models.with_alias(name.get_ref().clone(), place.identifier(name.get_ref(), value)?),
                    _ => models.with_node(name.get_ref().clone(), place.node(name, value)?),
                };
            }
        }
        Ok(models)
    }

    /// [`from_toml`](Self::from_toml) with the text and the name of a file on disk.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or has a mistake in it.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, ModelsFileError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ModelsFileError(format!("the models file {} cannot be read: {error}", path.display())))?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self::from_toml(&text, &name.to_string_lossy())
    }
}

/// A file of aliases and machines that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelsFileError(String);

impl fmt::Display for ModelsFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ModelsFileError {}

/// Which file we are reading.
struct Place<'a> {
    text: &'a str,
    name: &'a str,
}

impl Place<'_> {
    fn error(&self, span: &Range<usize>, what: &str) -> ModelsFileError {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        ModelsFileError(format!("{}, line {line}: {what}", self.name))
    }

    fn identifier(&self, alias: &str, value: &Spanned<DeValue<'_>>) -> Result<ModelIdentifier, ModelsFileError> {
        let what = match value.get_ref() {
            DeValue::String(text) => match text.parse() {
                Ok(identifier) => return Ok(identifier),
                Err(error) => format!("`{alias}` needs the model that is called for it, but {error}"),
            },
            DeValue::Table(_) => {
                format!("a name with a dot in it needs quotes: \"{alias}.…\" = \"provider:model\"")
            }
            _ => format!("`{alias}` must be a text: {alias} = \"provider:model\""),
        };
        Err(self.error(&value.span(), &what))
    }

    fn node(&self, id: &Spanned<impl AsRef<str>>, value: &Spanned<DeValue<'_>>) -> Result<String, ModelsFileError> {
        let (span, id) = (id.span(), id.get_ref().as_ref());
        if id.is_empty() || id.trim() != id || id.contains(':') {
            return Err(
                self.error(&span, &format!("`{id}` is no node id: it stands between the colons of client:1:llama3.1"))
            );
        }
        match value.get_ref() {
            DeValue::String(name) if !name.trim().is_empty() => Ok(name.clone().into_owned()),
            _ => Err(self.error(&value.span(), &format!("node {id} needs a name to show: {id} = \"Mac Studio\""))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation_is_read() {
        let models = Models::from_toml(include_str!("example.toml"), "models.toml").unwrap();
        let called = |alias: &str| models.alias(alias).map(ToString::to_string);
        assert_eq!(called("o3").as_deref(), Some("openai:o3-2025-04-16"));
        assert_eq!(called("gpt-4.1").as_deref(), Some("openai:gpt-4.1-2025-04-14"));
        assert_eq!(models.title(models.alias("local").unwrap()), "Mac Studio (llama3.1)");
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_what_to_write() {
        for (text, error) in [
            (
                "[aliases]\no3 = \"o3-2025\"",
                "m.toml, line 2: `o3` needs the model that is called for it, but `o3-2025` is no model identifier: write provider:model or client:<node id>:<model>",
            ),
            ("[aliases]\n\no3 = 3", "m.toml, line 3: `o3` must be a text: o3 = \"provider:model\""),
            (
                "[aliases]\ngpt-4.1 = \"openai:gpt-4.1\"",
                "m.toml, line 2: a name with a dot in it needs quotes: \"gpt-4.…\" = \"provider:model\"",
            ),
            ("[nodes]\n1 = \"\"", "m.toml, line 2: node 1 needs a name to show: 1 = \"Mac Studio\""),
            (
                "[nodes]\n\"a:b\" = \"x\"",
                "m.toml, line 2: `a:b` is no node id: it stands between the colons of client:1:llama3.1",
            ),
            ("o3 = \"openai:o3\"", "m.toml, line 1: `o3` has no meaning here; the tables are [aliases] and [nodes]"),
            ("[models]", "m.toml, line 1: `models` has no meaning here; the tables are [aliases] and [nodes]"),
        ] {
            assert_eq!(Models::from_toml(text, "m.toml").unwrap_err().to_string(), error);
        }
        let error = Models::from_toml("[aliases]\no3 = ", "m.toml").unwrap_err().to_string();
        assert!(error.starts_with("m.toml, line 2: no valid TOML: "), "{error}");
        let error = Models::from_path("/nowhere/models.toml").unwrap_err().to_string();
        assert!(error.starts_with("the models file /nowhere/models.toml cannot be read: "), "{error}");
    }
}
