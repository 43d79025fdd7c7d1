//! Whose endpoint is it: host to `gen_ai.provider.name`.
//!
//! The endpoint decides, not the family of the model: Claude on Vertex AI is `gcp.vertex_ai`. Names are the well-known
//! values of the semantic conventions where there is one, else our own. A host that is not listed is no provider: what a
//! known path on it means, the protocol decides, and the user can name it in [`Hosts`].

use std::sync::LazyLock;

use super::RequestHead;
use crate::call::Name;

/// Host patterns, each with at most one `*` for any text that is not empty.
const HOSTS: &[(&str, &str)] = &[
    ("api.openai.com", "openai"),
    ("*.api.openai.com", "openai"),
    ("*.openai.azure.com", "azure.ai.openai"),
    ("*.openai.azure.us", "azure.ai.openai"),
    ("*.openai.azure.cn", "azure.ai.openai"),
    ("*.cognitiveservices.azure.com", "azure.ai.openai"),
    ("*.models.ai.azure.com", "azure.ai.inference"),
    ("api.anthropic.com", "anthropic"),
    ("claude.googleapis.com", "anthropic"),
    ("aws-external-anthropic.*.api.aws", "anthropic"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("generativelanguage.mtls.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("*-aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("aiplatform.*.rep.googleapis.com", "gcp.vertex_ai"),
    ("aiplatform.mtls.googleapis.com", "gcp.vertex_ai"),
    ("*-aiplatform.mtls.googleapis.com", "gcp.vertex_ai"),
    ("bedrock-runtime.*", "aws.bedrock"),
    ("bedrock-runtime-fips.*", "aws.bedrock"),
    ("*.vpce.amazonaws.com", "aws.bedrock"),
    ("bedrock-mantle.*.api.aws", "aws.bedrock"),
    ("api.mistral.ai", "mistral_ai"),
    ("codestral.mistral.ai", "mistral_ai"),
    ("api.cohere.com", "cohere"),
    ("api.cohere.ai", "cohere"),
    ("api.groq.com", "groq"),
    ("api.deepseek.com", "deepseek"),
    ("api.x.ai", "x_ai"),
    ("*.api.x.ai", "x_ai"),
    ("openrouter.ai", "openrouter"),
    ("api.perplexity.ai", "perplexity"),
    ("api.together.xyz", "together_ai"),
    ("api.together.ai", "together_ai"),
    ("api.fireworks.ai", "fireworks_ai"),
    ("ollama.com", "ollama"),
    ("router.huggingface.co", "hugging_face"),
    ("huggingface.co", "hugging_face"),
    ("api-inference.huggingface.co", "hugging_face"),
    ("*.endpoints.huggingface.cloud", "hugging_face"),
    ("api.voyageai.com", "voyage_ai"),
    ("api.jina.ai", "jina_ai"),
    ("api.replicate.com", "replicate"),
    ("ai-gateway.vercel.sh", "vercel"),
    ("api.cerebras.ai", "cerebras"),
    ("api.sambanova.ai", "sambanova"),
    ("api.z.ai", "z_ai"),
    ("api.studio.nebius.ai", "nebius"),
    ("api.studio.nebius.com", "nebius"),
    ("api.tokenfactory.nebius.com", "nebius"),
    ("api.novita.ai", "novita"),
    ("api.hyperbolic.xyz", "hyperbolic"),
    ("api.githubcopilot.com", "github_copilot"),
    ("*.githubcopilot.com", "github_copilot"),
    ("api.venice.ai", "venice"),
    ("api.writer.com", "writer"),
    ("*.ml.cloud.ibm.com", "ibm.watsonx.ai"),
];

/// [`HOSTS`], cut at their `*` beforehand: every request is looked up.
static CUT: LazyLock<Vec<(Pattern, &str)>> =
    LazyLock::new(|| HOSTS.iter().map(|(pattern, provider)| (Pattern::new(pattern), *provider)).collect());

/// The names of all providers that have a host of their own, once each.
#[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "the command line explains prices"))]
pub(crate) fn names() -> &'static [&'static str] {
    static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let mut names: Vec<_> = HOSTS.iter().map(|(_, provider)| *provider).collect();
        names.dedup();
        names
    });
    &NAMES
}

/// Ollama's own port.
const OLLAMA: u16 = 11434;

/// The provider that a host belongs to, as far as the world knows; [`Hosts`] is what the user knows.
pub(super) fn known(head: &RequestHead<'_>) -> Option<&'static str> {
    if head.port == Some(OLLAMA) {
        return Some("ollama");
    }
    if head.host.ends_with(".services.ai.azure.com") {
        return Some(foundry(head.path));
    }
    if head.host.ends_with(".azure-api.net") {
        return ["/openai/", "/anthropic/", "/models/"]
            .iter()
            .any(|part| head.path.contains(part))
            .then(|| foundry(head.path));
    }
    CUT.iter().find(|(pattern, _)| pattern.fits(head.host)).map(|(_, provider)| *provider)
}

/// One Azure host serves three APIs, which the path tells apart.
fn foundry(path: &str) -> &'static str {
    if path.contains("/openai/") {
        "azure.ai.openai"
    } else if path.contains("/anthropic/") {
        "anthropic"
    } else {
        "azure.ai.inference"
    }
}

/// A host, or what stands before and after the `*`.
struct Pattern(&'static str, Option<&'static str>);

impl Pattern {
    fn new(pattern: &'static str) -> Self {
        pattern.split_once('*').map_or(Self(pattern, None), |(start, end)| Self(start, Some(end)))
    }

    fn fits(&self, host: &str) -> bool {
        match *self {
            Self(whole, None) => whole == host,
            Self(start, Some(end)) => {
                host.len() > start.len() + end.len() && host.starts_with(start) && host.ends_with(end)
            }
        }
    }
}

/// What the user knows of hosts that the world does not: gateways, local servers.
///
/// ```
/// use spanledger::provider::Hosts;
///
/// let hosts = Hosts::default().name("llm.internal", "vllm").name("localhost:1234", "lm_studio");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Vec<(String, Name)>);

impl Hosts {
    /// Names the provider behind a host, or behind one port of it (`host:port`); the latter wins over the former, and both
    /// over what is known of public hosts.
    #[must_use]
    pub fn name(mut self, host: impl Into<String>, provider: impl Into<Name>) -> Self {
        self.0.push((host.into().to_ascii_lowercase(), provider.into()));
        self
    }

    /// The name that the user gave to where a request goes.
    pub(super) fn named(&self, head: &RequestHead<'_>) -> Option<&Name> {
        // A port that goes without saying was left out of the head.
        let is_at = |port: u16| head.port.map_or(matches!(port, 80 | 443), |at| at == port);
        let find = |wanted: &dyn Fn(Option<u16>) -> bool| {
            let fits = |host: &str| {
                let (host, port) = host_and_port(host);
                host == head.host && wanted(port)
            };
            self.0.iter().rfind(|(host, _)| fits(host)).map(|(_, name)| name)
        };
        find(&|port| port.is_some_and(is_at)).or_else(|| find(&|port| port.is_none()))
    }
}

/// `host`, `host:1234`, `[::1]`, `[::1]:1234`, `::1`: the host as a head has it, without brackets.
fn host_and_port(named: &str) -> (&str, Option<u16>) {
    let port = |rest: &str| rest.strip_prefix(':').and_then(|port| port.parse().ok());
    if let Some((host, rest)) = named.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, port(rest));
    }
    match named.rfind(':').map(|at| named.split_at(at)) {
        Some((host, rest)) if !host.contains(':') && port(rest).is_some() => (host, port(rest)),
        _ => (named, None),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn a_host_is_named_with_brackets_and_usual_ports_or_without() {
        for (named, host, port, fits) in [
            ("[::1]:18473", "::1", Some(18473), true),
            ("[::1]", "::1", Some(9), true),
            ("::1", "::1", None, true),
            ("[::1]:18473", "::1", Some(9), false),
            ("gw.example:443", "gw.example", None, true),
            ("gw.example:8080", "gw.example", None, false),
            ("GW.example", "gw.example", Some(1), true),
        ] {
            let hosts = Hosts::default().name(named, "vllm");
            let head = RequestHead { method: "POST", host, port, path: "/", query: None, headers: &HeaderMap::new() };
            assert_eq!(hosts.named(&head).is_some(), fits, "{named} for {host} {port:?}");
        }
        let hosts = Hosts::default().name("gw:1", "one").name("gw", "any");
        let headers = HeaderMap::new();
        let head = |port| RequestHead { method: "POST", host: "gw", port, path: "/", query: None, headers: &headers };
        assert_eq!(hosts.named(&head(Some(1))).map(AsRef::as_ref), Some("one"), "a port says more than none");
        assert_eq!(hosts.named(&head(Some(2))).map(AsRef::as_ref), Some("any"));
    }

    fn at(host: &str, port: Option<u16>, path: &str) -> Option<&'static str> {
        known(&RequestHead { method: "POST", host, port, path, query: None, headers: &HeaderMap::new() })
    }

    #[test]
    fn hosts_of_one_provider_come_in_many_spellings() {
        for (host, provider) in [
            ("eu.api.openai.com", "openai"),
            ("acme.openai.azure.com", "azure.ai.openai"),
            ("us-central1-aiplatform.googleapis.com", "gcp.vertex_ai"),
            ("aiplatform.eu.rep.googleapis.com", "gcp.vertex_ai"),
            ("bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock"),
            ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "aws.bedrock"),
            ("bedrock-mantle.us-east-1.api.aws", "aws.bedrock"),
            ("us-south.ml.cloud.ibm.com", "ibm.watsonx.ai"),
        ] {
            assert_eq!(at(host, None, "/"), Some(provider), "{host}");
        }
        for stranger in ["openai.com", "api.openai.com.evil.example", ".openai.azure.com", "localhost"] {
            assert_eq!(at(stranger, None, "/v1/chat/completions"), None, "{stranger}");
        }
    }

    #[test]
    fn one_azure_host_serves_three_apis() {
        for (path, provider) in [
            ("/openai/v1/responses", "azure.ai.openai"),
            ("/anthropic/v1/messages", "anthropic"),
            ("/models/chat/completions", "azure.ai.inference"),
        ] {
            assert_eq!(at("acme.services.ai.azure.com", None, path), Some(provider));
            assert_eq!(at("acme.azure-api.net", None, path), Some(provider));
        }
        assert_eq!(at("acme.azure-api.net", None, "/v1/chat/completions"), None);
    }

    #[test]
    fn the_port_gives_ollama_away() {
        assert_eq!(at("127.0.0.1", Some(11434), "/v1/chat/completions"), Some("ollama"));
    }

    #[test]
    fn a_named_port_wins_over_a_named_host() {
        let hosts = Hosts::default().name("LLM.internal", "vllm").name("llm.internal:8080", "llama_cpp");
        let named = |host, port| {
            let headers = HeaderMap::new();
            let head = RequestHead { method: "POST", host, port, path: "/", query: None, headers: &headers };
            hosts.named(&head).map(ToString::to_string)
        };
        assert_eq!(named("llm.internal", None).as_deref(), Some("vllm"));
        assert_eq!(named("llm.internal", Some(9000)).as_deref(), Some("vllm"));
        assert_eq!(named("llm.internal", Some(8080)).as_deref(), Some("llama_cpp"));
        assert_eq!(named("other.internal", Some(8080)), None);
    }
}
