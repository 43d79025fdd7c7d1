//! Which model is called: identifiers, aliases, and the names of machines.
//!
//! A front end lets people choose `o3` or `fast`; what is called and priced is `openai:o3-2025-04-16`, or `llama3.1` on a
//! machine of one's own, `client:1:llama3.1`. [`ModelIdentifier`] is that resolved name, [`Models`] a file that leads to it.
//!
//! 1. [`resolve`] chooses: the model of the request, else that of the conversation, else that of the system.
//! 2. [`Models::identifier`] says what the chosen name stands for.
//! 3. The application calls it, and says so with [`CallContext::chosen`](crate::CallContext::chosen). A request that
//!    *sends* an alias (to a gateway that knows it) is understood without being told, by a ledger that has the file
//!    (`Ledger::builder(url).models(…)`).
//!
//! Both names are kept: the alias in `model_alias`, what is called in `request_model`. What is priced is what is called, at
//! the provider that its identifier names. Every row whose model is known has a `model_identifier`, with or without a file.
//!
//! ```
//! use spanledger::model::{Models, resolve};
//!
//! let models = Models::default()
//!     .with_alias("local", "client:1:llama3.1:8b".parse()?)
//!     .with_node("1", "Mac Studio");
//! let chosen = resolve(None, Some("local"), Some("openai:gpt-4o")).unwrap();
//! let identifier = models.identifier(chosen)?;
//! assert_eq!((identifier.node(), identifier.model()), (Some("1"), "llama3.1:8b"));
//! assert_eq!(models.title(&identifier), "Mac Studio (llama3.1:8b)");
//! # Ok::<(), spanledger::model::NotAnIdentifier>(())
//! ```
//!
//! # The file
//!
//! ```toml
#![doc = include_str!("example.toml")]
//! ```

mod identifier;
mod models;
mod titles;

#[cfg(feature = "price-file")]
mod file;

#[cfg(feature = "price-file")]
pub use file::ModelsFileError;
pub use identifier::{ModelIdentifier, NotAnIdentifier};
pub use models::Models;

/// The model that is asked for: the request's, else the conversation's default, else the system's. Blank names choose
/// nothing.
///
/// ```
/// use spanledger::model::resolve;
///
/// assert_eq!(resolve(None, Some("o3"), Some("gpt-4o")), Some("o3"));
/// assert_eq!(resolve(Some(" "), None, Some("gpt-4o")), Some("gpt-4o"));
/// assert_eq!(resolve(None, None, None), None);
/// ```
#[must_use]
pub fn resolve<'a>(
    request: Option<&'a str>,
    conversation: Option<&'a str>,
    system: Option<&'a str>,
) -> Option<&'a str> {
    [request, conversation, system].into_iter().flatten().map(str::trim).find(|name| !name.is_empty())
}
