//! Reads chat completions and legacy completions: whole answers and chunks are one shape, with `message`, `delta` or `text`.

use http::HeaderMap;
use serde::Deserialize;

use super::{
    Progress, Reader, azure,
    error::Problem,
    fill,
    finish_reasons::FinishReasons,
    lenient::{self, Count, Filled, List, Number, Object, Objects, Raw, Text},
    llama_cpp::Timings,
    logprobs::{LogProbs, Token},
    openai,
    openai_usage::OpenAiUsage,
    pattern::Pattern,
    skim,
};
use crate::{
    call::{Call, Usage},
    framing::Message,
    span::names,
};

/// A reader for both protocols.
#[derive(Debug)]
pub(super) struct ChunkReader {
    api_type: &'static str,
    /// Some content came: from now on only messages that can say more are parsed.
    under_way: bool,
    /// The last message that said nothing new.
    pattern: Pattern,
    refused: bool,
    finish_reasons: FinishReasons,
    logprobs: LogProbs,
}

impl ChunkReader {
    /// With the protocol's name for `openai.api.type`.
    pub(super) fn new(api_type: &'static str) -> Self {
        Self {
            api_type,
            under_way: false,
            pattern: Pattern::default(),
            refused: false,
            finish_reasons: FinishReasons::default(),
            logprobs: LogProbs::default(),
        }
    }

    /// What a message means that is one more word of the answer and nothing else.
    fn more_of_the_same(&mut self, message: Message<'_>, call: &Call) -> Option<Progress> {
        if !self.under_way || message.event.is_some() || call.response.id.is_none() || call.response.model.is_none() {
            return None;
        }
        if let Some(progress) = self.pattern.fit(message.data) {
            return Some(progress);
        }
        let telling = [&skim::USAGE, &skim::LOGPROBS, &skim::ERROR, &skim::REFUSAL, &skim::TIMINGS];
        let same = skim::FINISH_REASON.is_there_with_only("null", message.data)
            && telling.into_iter().all(|key| key.is_only("null", message.data));
        same.then(|| self.pattern.learn(message.data))
    }

    fn choice(&mut self, position: usize, choice: &Choice<'_>, call: &mut Call) {
        self.finish_reasons.note(choice.index.0.unwrap_or(position as u64), &choice.finish_reason);
        match choice.logprobs.get() {
            Some(json) if json.starts_with('{') => {
                let logprobs: ChoiceLogProbs = lenient::read(json.as_bytes()).unwrap_or_default();
                self.logprobs.extend(&logprobs.content);
                self.logprobs.extend(&logprobs.refusal);
                logprobs.token_logprobs.0.iter().for_each(|logprob| self.logprobs.add(*logprob));
            }
            // Together's streams have that of their one token.
            Some(number) => self.logprobs.add(Number(number.parse().ok())),
            None => {}
        }
        if let Some(problem) = &choice.error.0 {
            problem.inside_success(call);
        } else if choice.finish_reason.is("error") && call.outcome.error_type.is_none() {
            Problem::told("error", "the answer ended with finish_reason error".to_owned()).inside_success(call);
        }
        self.refused |= [choice.delta, choice.message].into_iter().filter_map(|said| said.0).any(|said| said.refusal.0);
    }
}

impl Reader for ChunkReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        openai::request(body, call);
        openai::api_type(call, self.api_type);
    }

    fn headers(&mut self, headers: &HeaderMap, call: &mut Call) {
        azure::headers(headers, call);
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match call.provider.as_ref() {
            "fireworks_ai" => {
                let count = |name| header(name).and_then(|count| count.parse().ok());
                let input_tokens = count("fireworks-prompt-tokens");
                let cache_read_tokens = count("fireworks-cached-prompt-tokens");
                fill::counts(call, &Usage { input_tokens, cache_read_tokens, ..Usage::default() });
            }
            "hugging_face" => {
                fill::extra(call, names::UPSTREAM_PROVIDER, header("x-inference-provider").map(fill::name));
            }
            _ => {}
        }
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        if let Some(progress) = self.more_of_the_same(message, call) {
            return progress;
        }
        if message.data.trim_ascii() == b"[DONE]" {
            return Progress::OVER;
        }
        let Some(chunk) = lenient::read::<Chunk<'_>>(message.data) else { return Progress::QUIET };
        self.logprobs.come_from(message);
        let failed = chunk.error.0 || chunk.object.is("error") || message.event == Some("error");
        if failed {
            Problem::read(message.data).inside_success(call);
        }
        fill::first(&mut call.response.id, &chunk.id);
        fill::first(&mut call.response.model, &chunk.model);
        fill::last(&mut call.response.service_tier, &chunk.service_tier);
        if chunk.system_fingerprint.get().is_some()
            && !call.extra.contains_key(names::OPENAI_RESPONSE_SYSTEM_FINGERPRINT)
        {
            fill::extra_text(call, names::OPENAI_RESPONSE_SYSTEM_FINGERPRINT, &chunk.system_fingerprint);
        }
        if call.provider == "openrouter" {
            fill::extra_text(call, names::UPSTREAM_PROVIDER, &chunk.provider);
        }
        if let Some(timings) = chunk.timings.0 {
            timings.apply(call);
        }
        let groq = chunk.x_groq.0.as_deref();
        for usage in [groq.and_then(|groq| groq.usage.0.as_ref()), chunk.usage.0.as_ref()].into_iter().flatten() {
            usage.apply(call);
        }
        let breakdown = groq.and_then(|groq| groq.usage_breakdown.0.as_deref());
        for breakdown in [breakdown, chunk.usage_breakdown.0.as_deref()].into_iter().flatten() {
            breakdown.apply(call);
        }
        if let Some(told) = groq.and_then(|groq| groq.error.get()) {
            Problem::told("", told.to_owned()).inside_success(call);
        }
        for (position, choice) in chunk.choices.0.iter().enumerate() {
            self.choice(position, choice, call);
        }
        let content = chunk.choices.0.iter().any(Choice::has_content);
        self.under_way |= content;
        Progress { content, over: failed || chunk.object.is("chat.completion.done"), ..Progress::QUIET }
    }

    fn finish(&mut self, call: &mut Call) {
        fill::extra(call, names::REFUSED, self.refused.then_some(true));
        self.finish_reasons.finish(call);
        self.logprobs.finish(call);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chunk<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    object: Text<'a>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    system_fingerprint: Text<'a>,
    #[serde(borrow)]
    choices: Objects<Choice<'a>>,
    #[serde(borrow)]
    usage: Object<OpenAiUsage<'a>>,
    #[serde(borrow)]
    x_groq: Object<Box<XGroq<'a>>>,
    #[serde(borrow)]
    usage_breakdown: Object<Box<Breakdown<'a>>>,
    #[serde(borrow)]
    provider: Text<'a>,
    timings: Object<Timings>,
    error: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct XGroq<'a> {
    #[serde(borrow)]
    usage: Object<OpenAiUsage<'a>>,
    #[serde(borrow)]
    usage_breakdown: Object<Box<Breakdown<'a>>>,
    #[serde(borrow)]
    error: Text<'a>,
}

/// No compound system asks more models than this.
const MAX_MODELS: usize = 32;

/// Groq's compound systems ask several models: `usage` is their sum, and this is who they were.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Breakdown<'a> {
    #[serde(borrow)]
    models: Objects<Part<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part<'a> {
    #[serde(borrow)]
    model: Text<'a>,
}

impl Breakdown<'_> {
    fn apply(&self, call: &mut Call) {
        let mut models: Vec<_> = self.models.0.iter().filter_map(|part| part.model.get()).map(fill::name).collect();
        models.sort_unstable();
        models.dedup();
        models.truncate(MAX_MODELS);
        fill::extra(call, names::MODELS_USED, (!models.is_empty()).then_some(models));
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice<'a> {
    index: Count,
    #[serde(borrow)]
    finish_reason: Text<'a>,
    delta: Object<Said>,
    message: Object<Said>,
    text: Filled,
    #[serde(borrow)]
    logprobs: Raw<'a>,
    #[serde(borrow)]
    error: Object<Problem<'a>>,
}

impl Choice<'_> {
    fn has_content(&self) -> bool {
        self.text.0 || [self.delta, self.message].into_iter().filter_map(|said| said.0).any(Said::something)
    }
}

/// The parts of a message that are content; its role is none.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    content: Filled,
    reasoning_content: Filled,
    reasoning: Filled,
    refusal: Filled,
    tool_calls: Filled,
    function_call: Filled,
    audio: Filled,
    images: Filled,
}

impl Said {
    fn something(self) -> bool {
        let parts = [self.content, self.reasoning_content, self.reasoning, self.refusal];
        let others = [self.tool_calls, self.function_call, self.audio, self.images];
        parts.into_iter().chain(others).any(|part| part.0)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ChoiceLogProbs {
    content: Objects<Token>,
    refusal: Objects<Token>,
    token_logprobs: List<Number>,
}
