//! What genai-prices has for the name of a provider and of a model: found once per thread, and kept.
//!
//! It finds a model by rules, one model after the other, which takes most of the time of a price. But a usage that it has
//! extracted from an answer knows its model by id. So the first call of a model extracts the usage of an answer that is made
//! up for it, of which only the id is kept. Where a provider's answers cannot be extracted, the rules are asked each time.

use std::{borrow::Cow, cell::RefCell, collections::HashSet, rc::Rc, sync::LazyLock};

use genai_prices::{Calculator, ErrorKind, ExtractRequest, ExtractedUsage, PriceRequest, Usage};
use serde_json::json;

use super::{glob, rates::Standing, without_path};

/// The ids of the providers that have a list. genai-prices also knows them by words in their names ("my-openai-gateway"),
/// which is not what we ask.
static LISTS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| Calculator::bundled().providers().map(|provider| provider.id()).collect());

/// Decodes the data.
pub(super) fn warm() {
    LazyLock::force(&LISTS);
}

/// A provider and a model that genai-prices may have a price for.
#[derive(Debug)]
pub(super) struct Listed {
    /// The provider's id.
    provider: String,
    /// The model's name, as that provider's list writes names.
    model: String,
    /// Knows the model by its id.
    pub(super) known: Option<ExtractedUsage>,
    /// What is known of its rates.
    pub(super) rates: Standing,
}

impl Listed {
    /// Looks a provider and a model up, by our names. `None`: there is no price, whatever was used.
    pub(super) fn find(provider: &str, model: &str) -> Option<Self> {
        let provider = provider_id(provider, model)?;
        if !LISTS.contains(provider.as_ref()) {
            return None;
        }
        let model = bare(&provider, model);
        let nothing = Usage::new();
        let known = known(&provider, model);
        let request = PriceRequest::new(model, &nothing).with_provider_id(&provider);
        let is_unknown =
            || Calculator::bundled().calculate(&request).is_err_and(|error| error.kind() == ErrorKind::ModelNotFound);
        if known.is_none() && is_unknown() {
            return None;
        }
        Some(Self { provider: provider.into_owned(), model: model.to_owned(), known, rates: Standing::default() })
    }

    /// As [`find`](Self::find), which is asked only once for what a thread prices again and again.
    pub(super) fn remembered(provider: &str, model: &str) -> Option<Rc<Self>> {
        let find = || Self::find(provider, model).map(Rc::new);
        if provider.len() + model.len() > LONGEST {
            return find();
        }
        let remember = |memory: &RefCell<Memory>| memory.borrow_mut().get(provider, model, find);
        // A call may end while its thread does, and with it what it remembers.
        MEMORY.try_with(remember).unwrap_or_else(|_| find())
    }

    /// A question for the price of this usage.
    pub(super) fn request<'a>(&'a self, usage: &'a Usage) -> PriceRequest<'a> {
        let by_rules = || PriceRequest::new(&self.model, usage).with_provider_id(&self.provider);
        let mut request = self.known.as_ref().and_then(ExtractedUsage::price_request).unwrap_or_else(by_rules);
        request.usage = usage;
        request
    }
}

thread_local! {
    /// Of each thread: threads that price do not wait for each other.
    static MEMORY: RefCell<Memory> = const { RefCell::new(Memory(Vec::new())) };
}

/// So many models are remembered.
pub(super) const MOST: usize = 32;
/// Names that are longer together are no names of models.
pub(super) const LONGEST: usize = 256;

/// What was found for the names that were asked for. What is asked for often stands before the rest, and the last one is
/// forgotten when there are too many.
struct Memory(Vec<Found>);

struct Found {
    provider: String,
    model: String,
    listed: Option<Rc<Listed>>,
}

/// How many names this thread remembers, and how long the longest are together.
#[cfg(test)]
pub(super) fn remembered() -> (usize, usize) {
    MEMORY.with_borrow(|Memory(found)| {
        let longest = found.iter().map(|found| found.provider.len() + found.model.len()).max();
        (found.len(), longest.unwrap_or_default())
    })
}

impl Memory {
    fn get(&mut self, provider: &str, model: &str, find: impl FnOnce() -> Option<Rc<Listed>>) -> Option<Rc<Listed>> {
        if let Some(at) = self.0.iter().position(|found| found.model == model && found.provider == provider) {
            let before = at.saturating_sub(1);
            self.0.swap(at, before);
            return self.0.get(before)?.listed.clone();
        }
        let listed = find();
        self.0.truncate(MOST - 1);
        self.0.push(Found { provider: provider.to_owned(), model: model.to_owned(), listed: listed.clone() });
        listed
    }
}

/// What genai-prices knows this model of this provider by, its prices' and its own id.
fn known(provider: &str, model: &str) -> Option<ExtractedUsage> {
    let answer = json!({"model": model, "usage": {
        "prompt_tokens": 1, "completion_tokens": 1,
        "input_tokens": 1, "output_tokens": 1,
        "inputTokens": 1, "outputTokens": 1,
        "billed_units": {"input_tokens": 1, "output_tokens": 1},
    }});
    let calculator = Calculator::bundled();
    let list = calculator.find_provider(Some(provider), None).ok().flatten()?;
    let request = ExtractRequest::from_value(&answer).with_provider_id(provider);
    list.api_flavors()
        .filter_map(|flavor| calculator.extract_usage(&request.with_api_flavor(flavor)).ok())
        .find(|extracted| extracted.price_request().is_some())
}

/// The id in genai-prices of whose endpoint answered. Names of our own that it knows by the same id are taken as they are;
/// an Ollama, a vLLM or a gateway has no list.
pub(super) fn provider_id<'a>(provider: &'a str, model: &str) -> Option<Cow<'a, str>> {
    let id = match provider {
        "aws.bedrock" => "aws",
        "azure.ai.inference" | "azure.ai.openai" => "azure",
        "fireworks_ai" => "fireworks",
        "gcp.gemini" | "gcp.gen_ai" | "gcp.vertex_ai" => "google",
        "github_copilot" => "github-copilot",
        // The router's name of who serves it stands behind the model: "…:groq". Without it nobody knows.
        "hugging_face" => return Some(format!("huggingface_{}", model.rsplit_once(':')?.1).into()),
        "mistral_ai" => "mistral",
        "moonshot_ai" => "moonshotai",
        // Its weights are open and OpenAI does not serve it: this is somebody's own server that speaks OpenAI's protocol.
        "openai" if glob::fits("*gpt-oss*", model) => return None,
        "together_ai" => "together",
        "voyage_ai" => "voyageai",
        "x_ai" => "x-ai",
        "z_ai" => "zai",
        same => same,
    };
    Some(id.into())
}

/// The name by which that provider's list knows a model.
fn bare<'a>(provider: &str, model: &'a str) -> &'a str {
    match provider {
        "google" => without_path(model),
        router if router.starts_with("huggingface_") => model.rsplit_once(':').map_or(model, |(name, _)| name),
        _ => model,
    }
}
