//! How providers are called in front of people.

/// `gen_ai.provider.name` and what its house calls itself.
const TITLES: &[(&str, &str)] = &[
    ("anthropic", "Anthropic"),
    ("aws.bedrock", "Amazon Bedrock"),
    ("azure.ai.inference", "Azure AI"),
    ("azure.ai.openai", "Azure OpenAI"),
    ("cerebras", "Cerebras"),
    ("cohere", "Cohere"),
    ("deepseek", "DeepSeek"),
    ("fireworks_ai", "Fireworks AI"),
    ("gcp.gemini", "Google Gemini"),
    ("gcp.vertex_ai", "Vertex AI"),
    ("github_copilot", "GitHub Copilot"),
    ("groq", "Groq"),
    ("hugging_face", "Hugging Face"),
    ("ibm.watsonx.ai", "IBM watsonx.ai"),
    ("jina_ai", "Jina AI"),
    ("llama_cpp", "llama.cpp"),
    ("lm_studio", "LM Studio"),
    ("mistral_ai", "Mistral AI"),
    ("ollama", "Ollama"),
    ("openai", "OpenAI"),
    ("openrouter", "OpenRouter"),
    ("perplexity", "Perplexity"),
    ("replicate", "Replicate"),
    ("sambanova", "SambaNova"),
    ("together_ai", "Together AI"),
    ("vllm", "vLLM"),
    ("voyage_ai", "Voyage AI"),
    ("x_ai", "xAI"),
];

/// The name to show of a provider; its own, where we know no better.
pub(super) fn title(provider: &str) -> &str {
    TITLES.iter().find(|(name, _)| *name == provider).map_or(provider, |(_, title)| title)
}
