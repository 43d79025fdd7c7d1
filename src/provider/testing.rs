//! A whole exchange through a reader, as capture does it: detection, request, head, messages, end.

use http::{HeaderMap, Uri};

use super::{Detected, Hosts, Progress, Provider, RequestHead, detect, error};
use crate::{
    call::{Call, Timestamp},
    framing::{Decoder, Elided, Message},
    pricing::PriceBook,
};

/// One exchange under test.
pub(super) struct Exchange {
    provider: &'static dyn Provider,
    call: Call,
    request: Vec<u8>,
    headers: HeaderMap,
}

impl Exchange {
    pub(super) fn post(url: &str, body: &str) -> Self {
        let (provider, detected) = find(url, &Hosts::default()).unwrap_or_else(|| panic!("{url} is no AI call"));
        let mut call = Call { provider: detected.provider, operation: detected.operation.into(), ..Call::default() };
        call.request.model = detected.model;
        call.request.stream = detected.stream;
        call.billable = (!detected.billable).then_some(false);
        Self { provider, call, request: body.into(), headers: HeaderMap::new() }
    }

    /// With a header of the answer.
    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    /// The answer is one JSON document.
    pub(super) fn json(self, body: &str) -> Call {
        self.messages(&[(None, body)]).0
    }

    /// The answer is a stream of data without names.
    pub(super) fn stream(self, data: &[&str]) -> (Call, Vec<Progress>) {
        self.messages(&data.iter().map(|data| (None, *data)).collect::<Vec<_>>())
    }

    /// The answer is a stream of events with names.
    pub(super) fn messages(mut self, messages: &[(Option<&str>, &str)]) -> (Call, Vec<Progress>) {
        let mut reader = self.provider.reader();
        reader.request(&self.request, &mut self.call);
        reader.headers(&self.headers, &mut self.call);
        let mut one = |(event, data): &(Option<&str>, &str)| {
            reader.message(Message::whole(*event, data.as_bytes()), &mut self.call)
        };
        let progress = messages.iter().map(&mut one).collect();
        reader.finish(&mut self.call);
        self.call.usage.check();
        (self.call, progress)
    }

    /// The answer is a body as it comes, in small pieces, of this content type.
    pub(super) fn body(mut self, content_type: &str, body: &str) -> Call {
        let mut reader = self.provider.reader();
        let mut request = Elided::new();
        request.push(&self.request);
        if !request.is_whole() {
            reader.request_is_cut();
        }
        reader.request(request.finish(), &mut self.call);
        reader.headers(&self.headers, &mut self.call);
        let mut decoder = Decoder::new(Some(content_type));
        let mut on = |message: Message<'_>| {
            reader.message(message, &mut self.call);
        };
        body.as_bytes().chunks(7).for_each(|piece| decoder.push(piece, &mut on));
        decoder.finish(&mut on);
        reader.finish(&mut self.call);
        self.call.usage.check();
        self.call
    }

    /// The answer has status 400 or more.
    pub(super) fn fails(mut self, body: &str) -> Call {
        let mut reader = self.provider.reader();
        reader.request(&self.request, &mut self.call);
        error::read(body.as_bytes(), &mut self.call);
        reader.finish(&mut self.call);
        self.call
    }
}

/// Everything that is known of a call and not empty, line by line, with its price in November 2026.
pub(super) fn summary(call: &Call) -> Vec<String> {
    let mut call = call.clone();
    call.started_at = Timestamp::from_unix_nanos(1_793_534_400_000_000_000);
    call.cost = PriceBook::bundled().price(&call);
    let usage = &call.usage;
    let models =
        [call.request.model.as_deref(), call.response.model.as_deref().map(|_| "->"), call.response.model.as_deref()];
    let models = [Some(call.provider.as_ref()), Some(call.operation.as_ref())].into_iter().chain(models);
    let tokens = [
        ("input", usage.input_tokens),
        ("read", usage.cache_read_tokens),
        ("write", usage.cache_write_tokens),
        ("output", usage.output_tokens),
        ("reasoning", usage.reasoning_tokens),
    ];
    let tokens = tokens.into_iter().filter_map(|(name, count)| Some(format!("{name}={}", count?)));
    let pairs = |of: &mut dyn Iterator<Item = String>| of.collect::<Vec<_>>().join(" ");
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let cost = &call.cost;
    let lines = [
        ("", models.flatten().collect::<Vec<_>>().join(" ")),
        ("id ", call.response.id.clone().unwrap_or_default()),
        ("finish ", call.response.finish_reasons.join(" ")),
        ("tier ", call.response.service_tier.clone().unwrap_or_default()),
        ("tokens ", pairs(&mut tokens.into_iter())),
        ("units ", pairs(&mut usage.details.iter().map(|(unit, amount)| format!("{unit}={amount}")))),
        ("extra ", pairs(&mut call.extra.iter().map(|(name, value)| format!("{name}={}", text(value))))),
        (
            "error ",
            pairs(
                &mut call
                    .outcome
                    .error_type
                    .iter()
                    .map(|kind| format!("{kind}: {}", call.outcome.error_message.as_deref().unwrap_or_default())),
            ),
        ),
        ("not billed", if call.billable == Some(false) { " ".to_owned() } else { String::new() }),
        (
            "cost ",
            pairs(&mut cost.status.iter().map(|status| match cost.total {
                Some(total) => format!("{total}: {status}"),
                None => format!("unknown: {status}"),
            })),
        ),
    ];
    let lines = lines.into_iter().filter(|(_, text)| !text.is_empty());
    lines.map(|(name, text)| format!("{name}{text}").trim_end().to_owned()).collect()
}

/// An answer of OpenAI's chat with this usage.
pub(super) fn chat_answer(usage: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-1","model":"m","choices":[{{"index":0,"finish_reason":"stop","message":{{"content":"hi"}}}}],"usage":{usage}}}"#
    )
}

/// What a URL is taken for: `protocol provider operation`, then the model and the stream that the path names, `unsure` and
/// `unbilled`.
pub(super) fn detected(url: &str, hosts: &Hosts) -> Option<String> {
    let (protocol, detected) = find(url, hosts)?;
    let mut words = vec![protocol.name().to_owned(), detected.provider.into_owned(), detected.operation.to_owned()];
    words.extend(detected.model.map(|model| format!("model={model}")));
    words.extend(detected.stream.map(|stream| format!("stream={stream}")));
    words.extend((!detected.certain).then(|| "unsure".to_owned()));
    words.extend((!detected.billable).then(|| "unbilled".to_owned()));
    Some(words.join(" "))
}

fn find(url: &str, hosts: &Hosts) -> Option<(&'static dyn Provider, Detected)> {
    let url: Uri = url.parse().unwrap();
    let head = RequestHead {
        method: "POST",
        host: url.host().unwrap(),
        port: url.port_u16(),
        path: url.path(),
        query: url.query(),
        headers: &HeaderMap::new(),
    };
    detect(&head, hosts)
}
