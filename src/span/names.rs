//! Every attribute name that we write, once.
//!
//! Sources: OpenTelemetry semantic conventions for generative AI 1.41.1 (`gen_ai.*`, `openai.*`), their later home
//! `semantic-conventions-genai` for what changed since ([`USAGE_CACHE_WRITE`]), and the general conventions (`server.*`,
//! `error.*`, `http.*`). Cost and confidence have no standard attribute: those and all others of ours are `spanledger.*`.

#![expect(missing_docs, reason = "the value of each constant is its documentation")]

// What was asked.
pub const OPERATION_NAME: &str = "gen_ai.operation.name";
pub const PROVIDER_NAME: &str = "gen_ai.provider.name";
pub const CONVERSATION_ID: &str = "gen_ai.conversation.id";
pub const OUTPUT_TYPE: &str = "gen_ai.output.type";
/// Who was asked, where that is no model.
pub const AGENT_ID: &str = "gen_ai.agent.id";
pub const REQUEST_MODEL: &str = "gen_ai.request.model";
pub const REQUEST_STREAM: &str = "gen_ai.request.stream";
pub const REQUEST_TEMPERATURE: &str = "gen_ai.request.temperature";
pub const REQUEST_TOP_P: &str = "gen_ai.request.top_p";
pub const REQUEST_TOP_K: &str = "gen_ai.request.top_k";
pub const REQUEST_MAX_TOKENS: &str = "gen_ai.request.max_tokens";
pub const REQUEST_SEED: &str = "gen_ai.request.seed";
pub const REQUEST_STOP_SEQUENCES: &str = "gen_ai.request.stop_sequences";
pub const REQUEST_FREQUENCY_PENALTY: &str = "gen_ai.request.frequency_penalty";
pub const REQUEST_PRESENCE_PENALTY: &str = "gen_ai.request.presence_penalty";
pub const REQUEST_CHOICE_COUNT: &str = "gen_ai.request.choice.count";
pub const REQUEST_ENCODING_FORMATS: &str = "gen_ai.request.encoding_formats";
pub const REQUEST_REASONING_LEVEL: &str = "gen_ai.request.reasoning.level";
pub const EMBEDDINGS_DIMENSION_COUNT: &str = "gen_ai.embeddings.dimension.count";
pub const OPENAI_API_TYPE: &str = "openai.api.type";
pub const OPENAI_REQUEST_SERVICE_TIER: &str = "openai.request.service_tier";

// What answered.
pub const RESPONSE_ID: &str = "gen_ai.response.id";
pub const RESPONSE_MODEL: &str = "gen_ai.response.model";
pub const RESPONSE_FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
pub const RESPONSE_STATUS: &str = "gen_ai.response.status";
pub const RESPONSE_TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
pub const OPENAI_RESPONSE_SERVICE_TIER: &str = "openai.response.service_tier";
pub const OPENAI_RESPONSE_SYSTEM_FINGERPRINT: &str = "openai.response.system_fingerprint";

/// Why an answer ended, worked out where its protocol has no word for it: `stop` or `tool_calls`.
pub const FINISH_REASON_DERIVED: &str = "spanledger.finish_reason.derived";
/// True: the model refused to answer, which its finish reason does not say.
pub const REFUSED: &str = "spanledger.refused";
/// Who served a call that a router answered.
pub const UPSTREAM_PROVIDER: &str = "spanledger.upstream.provider";
/// The models behind a compound one.
pub const MODELS_USED: &str = "spanledger.models_used";
/// What prices an image that has no tokens.
pub const IMAGE_SIZE: &str = "spanledger.image.size";
pub const IMAGE_QUALITY: &str = "spanledger.image.quality";
/// Why a prompt was blocked, where there is no answer to have a finish reason.
pub const GEMINI_BLOCK_REASON: &str = "spanledger.gemini.block_reason";
pub const GEMINI_BILLABLE_CHARACTERS: &str = "spanledger.gemini.billable_characters";
pub const GEMINI_TRAFFIC_TYPE: &str = "spanledger.gemini.traffic_type";
/// Pages that the model had fetched: they cost nothing beyond their tokens.
pub const ANTHROPIC_WEB_FETCHES: &str = "spanledger.anthropic.web_fetches";
pub const ANTHROPIC_SPEED: &str = "spanledger.anthropic.speed";
pub const ANTHROPIC_INFERENCE_GEO: &str = "spanledger.anthropic.inference_geo";
/// True where Azure's reserved capacity was full and the call was served, and is billed, as any other.
pub const AZURE_SPILLED_OVER: &str = "spanledger.azure.spilled_over";
/// Where the time of a local model went, in milliseconds.
pub const OLLAMA_TOTAL_MS: &str = "spanledger.ollama.total_ms";
pub const OLLAMA_LOAD_MS: &str = "spanledger.ollama.load_ms";
pub const OLLAMA_PROMPT_EVAL_MS: &str = "spanledger.ollama.prompt_eval_ms";
pub const OLLAMA_EVAL_MS: &str = "spanledger.ollama.eval_ms";

// What it used.
pub const USAGE_INPUT: &str = "gen_ai.usage.input_tokens";
pub const USAGE_OUTPUT: &str = "gen_ai.usage.output_tokens";
pub const USAGE_CACHE_READ: &str = "gen_ai.usage.cache_read.input_tokens";
/// Since `semantic-conventions-genai` #440.
pub const USAGE_CACHE_WRITE: &str = "gen_ai.usage.cache_write.input_tokens";
/// The name of [`USAGE_CACHE_WRITE`] up to 1.41.
pub const USAGE_CACHE_CREATION: &str = "gen_ai.usage.cache_creation.input_tokens";
pub const USAGE_REASONING: &str = "gen_ai.usage.reasoning.output_tokens";
pub const USAGE_SOURCE: &str = "spanledger.usage.source";
/// Followed by a unit's name.
pub const USAGE_DETAIL_PREFIX: &str = "spanledger.usage.details.";
/// Tokens that the image tool used: OpenAI counts them beside the usage.
pub const OPENAI_IMAGE_TOOL_INPUT: &str = "openai.tool_usage.image_gen.input_tokens";
pub const OPENAI_IMAGE_TOOL_OUTPUT: &str = "openai.tool_usage.image_gen.output_tokens";
/// What [`ANTHROPIC_COMPACTION_INPUT`] and its neighbours begin with.
pub const ANTHROPIC_USAGE_PREFIX: &str = "anthropic.usage.";
/// Tokens that Anthropic leaves out of the top-level usage, by who used them.
pub const ANTHROPIC_COMPACTION_INPUT: &str = "anthropic.usage.compaction.input_tokens";
pub const ANTHROPIC_COMPACTION_OUTPUT: &str = "anthropic.usage.compaction.output_tokens";
pub const ANTHROPIC_COMPACTION_CACHE_READ: &str = "anthropic.usage.compaction.cache_read.input_tokens";
pub const ANTHROPIC_COMPACTION_CACHE_WRITE: &str = "anthropic.usage.compaction.cache_write.input_tokens";
pub const ANTHROPIC_COMPACTION_MODEL: &str = "anthropic.usage.compaction.model";
pub const ANTHROPIC_ADVISOR_INPUT: &str = "anthropic.usage.advisor.input_tokens";
pub const ANTHROPIC_ADVISOR_OUTPUT: &str = "anthropic.usage.advisor.output_tokens";
pub const ANTHROPIC_ADVISOR_CACHE_READ: &str = "anthropic.usage.advisor.cache_read.input_tokens";
pub const ANTHROPIC_ADVISOR_CACHE_WRITE: &str = "anthropic.usage.advisor.cache_write.input_tokens";
pub const ANTHROPIC_ADVISOR_MODEL: &str = "anthropic.usage.advisor.model";
pub const ANTHROPIC_FALLBACK_INPUT: &str = "anthropic.usage.fallback.input_tokens";
pub const ANTHROPIC_FALLBACK_OUTPUT: &str = "anthropic.usage.fallback.output_tokens";
pub const ANTHROPIC_FALLBACK_CACHE_READ: &str = "anthropic.usage.fallback.cache_read.input_tokens";
pub const ANTHROPIC_FALLBACK_CACHE_WRITE: &str = "anthropic.usage.fallback.cache_write.input_tokens";
pub const ANTHROPIC_FALLBACK_MODEL: &str = "anthropic.usage.fallback.model";
/// What a call that only counts tokens found: no usage.
pub const COUNTED_TOKENS: &str = "spanledger.counted_tokens";

// What it cost.
/// The name that most backends read; a double of US dollars.
pub const USAGE_COST: &str = "gen_ai.usage.cost";
/// The exact decimal, in US dollars.
pub const COST_USD: &str = "spanledger.cost.usd";
pub const COST_INPUT_USD: &str = "spanledger.cost.input_usd";
pub const COST_OUTPUT_USD: &str = "spanledger.cost.output_usd";
pub const PRICING_STATUS: &str = "spanledger.pricing.status";
pub const PRICING_SOURCE: &str = "spanledger.pricing.source";
pub const PRICING_VERSION: &str = "spanledger.pricing.version";
/// All that a price is written as.
pub(crate) const PRICE: &[&str] =
    &[USAGE_COST, COST_USD, COST_INPUT_USD, COST_OUTPUT_USD, PRICING_STATUS, PRICING_SOURCE, PRICING_VERSION];

// How it ended.
pub const ERROR_TYPE: &str = "error.type";
pub const ERROR_MESSAGE: &str = "spanledger.error.message";
pub const ERROR_CODE: &str = "spanledger.error.code";
pub const HTTP_STATUS: &str = "http.response.status_code";
pub const ENDING: &str = "spanledger.ending";
pub const SERVER_ADDRESS: &str = "server.address";
pub const SERVER_PORT: &str = "server.port";
/// Milliseconds by the monotonic clock.
pub const DURATION_MS: &str = "spanledger.duration_ms";

// For whom.
pub const TASK: &str = "spanledger.task";
pub const USER_ID: &str = "user.id";
pub const JOB_ID: &str = "spanledger.job.id";
pub const CONFIGURATION_ID: &str = "spanledger.configuration.id";
pub const VARIANT: &str = "spanledger.variant";
pub const ATTEMPT: &str = "spanledger.attempt";
pub const PREVIOUS_ID: &str = "spanledger.previous.id";
pub const MODEL_IDENTIFIER: &str = "spanledger.model.identifier";
pub const MODEL_ALIAS: &str = "spanledger.model.alias";
pub const NODE_ID: &str = "spanledger.node.id";
pub const REQUEST_DATA: &str = "spanledger.request.data";
/// Followed by a tag's name.
pub const TAG_PREFIX: &str = "spanledger.tag.";

// How far it can be trusted.
pub const CONFIDENCE_SCORE: &str = "spanledger.confidence.score";
/// Followed by a part's name.
pub const CONFIDENCE_PREFIX: &str = "spanledger.confidence.component.";
pub const CONFIDENCE_DERIVED_FROM: &str = "spanledger.confidence.derived_from";
pub const CONFIDENCE_OUT_OF_RANGE: &str = "spanledger.confidence.out_of_range";
pub const ACTION: &str = "spanledger.action";
pub const FALLBACK_REASON: &str = "spanledger.fallback.reason";
pub const RESPONSE_DATA: &str = "spanledger.response.data";
pub const EVALUATION_RESULT: &str = "gen_ai.evaluation.result";
pub const EVALUATION_NAME: &str = "gen_ai.evaluation.name";
pub const EVALUATION_SCORE: &str = "gen_ai.evaluation.score.value";
pub const EVALUATION_LABEL: &str = "gen_ai.evaluation.score.label";
pub const EVALUATION_EXPLANATION: &str = "gen_ai.evaluation.explanation";

// The row.
pub const ROW_ID: &str = "spanledger.row.id";
/// True on a span that was begun for what turned out to be no AI call: readers pass it over.
pub const NO_CALL: &str = "spanledger.no_call";
pub const SOURCE: &str = "spanledger.source";
pub const BILLABLE: &str = "spanledger.billable";
pub const AI_PARENT_SPAN_ID: &str = "spanledger.ai_parent_span_id";
/// The name of the log record that carries what was asked and answered, and its parts (texts; the last two are JSON).
pub const CONTENT_EVENT: &str = "spanledger.call.content";
pub const CONTENT_PROMPT: &str = "spanledger.content.prompt";
pub const CONTENT_REQUEST: &str = "spanledger.content.request";
pub const CONTENT_RESPONSE: &str = "spanledger.content.response";
/// Why some of it was dropped, although its capture was asked for.
pub const CONTENT_DROPPED: &str = "spanledger.content.dropped";
/// True: the request was too long to be held, and the messages that are kept are those of its short form.
pub const CONTENT_SHORTENED: &str = "spanledger.content.shortened";
/// What was asked and answered, on a span whose owner asked for it.
pub const INPUT_MESSAGES: &str = "gen_ai.input.messages";
pub const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
/// The name of the log record that carries what was learnt later.
pub const LATER_EVENT: &str = "spanledger.call.later";
/// The name of the log record that carries a configuration.
pub const CONFIGURATION_EVENT: &str = "spanledger.configuration";
pub const CONFIGURATION_NAME: &str = "spanledger.configuration.name";
/// JSON as text.
pub const CONFIGURATION_CONTENT: &str = "spanledger.configuration.content";
pub const SERVICE_NAME: &str = "service.name";
pub const ENVIRONMENT: &str = "deployment.environment.name";

/// The operation of a tool that a model asked for: no AI call, and nobody bills it.
pub(crate) const EXECUTE_TOOL: &str = "execute_tool";

/// Whether an attribute of a tool's span says that it is a call all the same: it used something, or we wrote it.
pub(crate) fn makes_a_call_of_a_tool(name: &str) -> bool {
    name.starts_with("gen_ai.usage.") || name.starts_with("spanledger.")
}

/// The names of usual units behind their prefix, so that they are not put together for each call.
pub(crate) fn usage_detail(unit: &str) -> Option<&'static str> {
    macro_rules! names {
        ($($unit:literal)*) => {
            match unit {
                $($unit => Some(concat!("spanledger.usage.details.", $unit)),)*
                _ => None,
            }
        };
    }
    names! {
        "accepted_prediction_tokens" "cache_write_1h_tokens" "cache_write_5m_tokens" "images" "input_audio_seconds"
        "input_audio_tokens" "input_image_tokens" "output_audio_tokens" "output_image_tokens" "rejected_prediction_tokens"
        "web_searches"
    }
}

/// The names of usual attributes that have no field in a call, so that they are not copied for each.
pub(crate) fn usual(name: &str) -> Option<&'static str> {
    const USUAL: [&str; 6] = [
        OPENAI_API_TYPE,
        OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
        OUTPUT_TYPE,
        REQUEST_MAX_TOKENS,
        REQUEST_SEED,
        REQUEST_TOP_P,
    ];
    USUAL.into_iter().find(|usual| *usual == name)
}

/// Attributes of other instrumentations that hold prompts, answers or what tools were given and gave back, or begin with one
/// of these. They are dropped before anything is written: content is not captured.
const CONTENT: &[&str] = &[
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.retrieval.documents",
    "gen_ai.retrieval.query.text",
    "gen_ai.prompt",
    "gen_ai.completion",
    "gen_ai.headers",
    "llm.headers",
    "llm.prompts",
    "llm.completions",
    "llm.input_messages",
    "llm.output_messages",
    "llm.tools",
    "llm.request.functions",
    "traceloop.entity.input",
    "traceloop.entity.output",
    "input.value",
    "output.value",
    "ai.prompt",
    "ai.response.text",
    "ai.response.object",
    "ai.response.toolCalls",
    "ai.toolCall.args",
    "ai.toolCall.result",
    "embedding.embeddings",
    "retrieval.documents",
    "db.statement",
    "db.query.text",
    "http.request.header",
    "http.response.header",
    "url.full",
    "url.query",
    "http.url",
    "http.target",
];

/// Whether an attribute holds content, credentials or whole URLs: what is never kept.
pub(crate) fn is_content(name: &str) -> bool {
    const NAMES_A_PROMPT: [&str; 2] = ["gen_ai.prompt.name", "gen_ai.prompt.version"];
    let begins = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    CONTENT.iter().any(|prefix| begins(prefix)) && !NAMES_A_PROMPT.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_unit_has_the_name_that_its_prefix_gives_it() {
        for unit in ["input_audio_tokens", "web_searches", "images"] {
            assert_eq!(usage_detail(unit), Some([USAGE_DETAIL_PREFIX, unit].concat().as_str()));
        }
        assert_eq!(usage_detail("unheard_of"), None);
        assert_eq!((usual(REQUEST_SEED), usual("my.own")), (Some("gen_ai.request.seed"), None));
    }
}
