//! A whole exchange through a reader, as capture does it: detection, request, head, messages, end.

use http::{HeaderMap, Uri};

use super::{Detected, Hosts, Progress, Provider, RequestHead, detect, error};
use crate::{call::Call, framing::Message};

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
            reader.message(Message { event: *event, data: data.as_bytes() }, &mut self.call)
        };
        let progress = messages.iter().map(&mut one).collect();
        reader.finish(&mut self.call);
        self.call.usage.check();
        (self.call, progress)
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
