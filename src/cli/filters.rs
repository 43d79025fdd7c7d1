//! Which calls, on the command line: one flag for each column that people ask by.

use anyhow::ensure;
use clap::builder::PossibleValuesParser;

use crate::{
    call::{Ending, PricingStatus, UsageSource},
    confidence::Action,
    report::Filter,
};

/// Only calls of which all that is said holds. It comes last among a command's arguments: its heading stands above all that
/// follow.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Only calls")]
pub(super) struct Filters {
    /// To this provider: openai, anthropic, …
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Of this model: its alias, the model that was asked or that answered, or its identifier.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// For this task; that of a call without one is its operation.
    #[arg(long, value_name = "NAME")]
    task: Option<String>,
    /// On behalf of this user.
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Of this job.
    #[arg(long, value_name = "ID")]
    job: Option<String>,
    /// Of this conversation.
    #[arg(long, value_name = "ID")]
    conversation: Option<String>,
    /// Under this configuration.
    #[arg(long, value_name = "ID")]
    configuration: Option<String>,
    /// That succeeded, or that failed.
    #[arg(long, value_parser = ["success", "error"])]
    status: Option<String>,
    /// Of this operation: chat, embeddings, …
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// In this arm of an A/B test.
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Of this service.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// In this environment: production, staging, …
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Of whose answer this was made.
    #[arg(long, value_parser = words(Action::ALL, Action::as_str))]
    action: Option<String>,
    /// Whose price was found like this.
    #[arg(long, value_parser = words(PricingStatus::ALL, PricingStatus::as_str))]
    pricing: Option<String>,
    /// Whose token counts come from there.
    #[arg(long, value_parser = words(UsageSource::ALL, UsageSource::as_str))]
    usage_source: Option<String>,
    /// Whose answer ended like this.
    #[arg(long, value_parser = words(Ending::ALL, Ending::as_str))]
    ending: Option<String>,
    /// That failed like this: 429, timeout, …
    #[arg(long, value_name = "TYPE")]
    error_type: Option<String>,
    /// With this tag, whatever its value, or with this value of it. It can be given several times.
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = tag)]
    tag: Vec<Tag>,
}

/// A tag's name, and its value where one was given.
type Tag = (String, Option<String>);

impl Filters {
    /// As reports take it.
    pub(super) fn filter(self) -> Filter {
        let (tags, tagged): (Vec<_>, Vec<_>) = self.tag.into_iter().partition(|(_, value)| value.is_some());
        Filter {
            provider: self.provider,
            model: self.model,
            task: self.task,
            user_id: self.user,
            configuration_id: self.configuration,
            status: self.status,
            operation: self.operation,
            conversation_id: self.conversation,
            job_id: self.job,
            variant: self.variant,
            service_name: self.service,
            environment: self.environment,
            action: self.action,
            pricing_status: self.pricing,
            usage_source: self.usage_source,
            ending: self.ending,
            error_type: self.error_type,
            tags: tags.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
            tagged: tagged.into_iter().map(|(name, _)| name).collect(),
        }
    }
}

/// The words that a column knows.
fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> PossibleValuesParser {
    all.iter().map(|value| word(*value)).collect::<Vec<_>>().into()
}

fn tag(text: &str) -> anyhow::Result<Tag> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    ensure!(!name.is_empty(), "write the tag's name, or its name and value, such as image_id=17");
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        filters: Filters,
    }

    fn filter(arguments: &[&str]) -> Filter {
        Program::try_parse_from(["program"].iter().chain(arguments)).unwrap().filters.filter()
    }

    #[test]
    fn each_flag_is_a_condition_on_a_column_of_its_own() {
        use clap::CommandFactory;
        let program = Program::command();
        let flags: Vec<_> = program.get_arguments().filter(|flag| !matches!(flag.get_id().as_str(), "help")).collect();
        assert!(flags.len() >= 18);
        let mut seen = vec![Filter::default()];
        for flag in flags {
            let value = flag.get_possible_values().first().map_or("x".to_owned(), |value| value.get_name().to_owned());
            let filter = filter(&[&format!("--{}", flag.get_long().unwrap()), &value]);
            assert!(!seen.contains(&filter), "{}", flag.get_id());
            seen.push(filter);
        }
    }

    #[test]
    fn a_tag_is_a_name_with_or_without_a_value() {
        let filter = filter(&["--tag", "image_id=17", "--tag", "async", "--tag", "empty=", "--tag", "a=b=c"]);
        let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(filter.tags, [tag("image_id", "17"), tag("empty", ""), tag("a", "b=c")]);
        assert_eq!(filter.tagged, ["async"]);
        assert!(tag_is_refused("=17") && tag_is_refused(""));
    }

    fn tag_is_refused(text: &str) -> bool {
        tag(text).is_err()
    }
}
