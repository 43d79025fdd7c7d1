//! The text of one exchange, for the case that nobody reports what it used. What is estimated and when is on the page of
//! [`estimate`](crate::estimate).

use serde_json::{Value, json};

use crate::{
    call::Call,
    estimate::{Passed, Side, fill, scan},
    framing::{Elided, Message},
    provider::Progress,
};

/// Listens to both sides of a text call.
#[derive(Debug, Default)]
pub(super) struct Meter {
    text: Text,
    asked: Passed,
    answered: Passed,
    /// Some of the answer was seen.
    content: bool,
}

/// Whose text is tokens on the bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Text {
    #[default]
    None,
    Asked,
    Both,
}

impl Meter {
    /// For a call of this kind.
    pub(super) fn of(call: &Call) -> Self {
        let text = match call.operation.as_ref() {
            _ if call.billable == Some(false) => Text::None,
            "chat" | "generate_content" | "text_completion" => Text::Both,
            "embeddings" => Text::Asked,
            _ => Text::None,
        };
        Self { text, ..Self::default() }
    }

    /// The whole body of the request.
    pub(super) fn request(&mut self, body: &[u8]) {
        if self.text != Text::None {
            self.asked = Passed::default();
            scan(Side::Asked, body, &mut self.asked);
        }
    }

    /// The body of the request, as it was kept while it passed.
    pub(super) fn request_kept(&mut self, body: &Elided) {
        match body.text() {
            Some(text) if self.text != Text::None => self.asked = text.clone(),
            Some(_) => {}
            None => self.request(body.finish()),
        }
    }

    /// A message of the answer, and what it meant. Once the provider has told the output, nobody needs to listen.
    #[inline]
    pub(super) fn message(&mut self, message: Message<'_>, progress: Progress, call: &Call) {
        self.content |= progress.content;
        if self.text != Text::Both || !progress.content || call.usage.output_tokens.is_some() {
            return;
        }
        match progress.words {
            Some(words) if message.text.is_none() => self.answered.push(words.of(message.data)),
            _ => self.search(message),
        }
    }

    #[inline(never)]
    fn search(&mut self, message: Message<'_>) {
        match message.text {
            Some(text) => self.answered.join(text),
            None => scan(Side::Answered, message.data, &mut self.answered),
        }
    }

    /// What was asked and answered, as the application tells it.
    #[cfg_attr(not(feature = "ledger"), expect(dead_code, reason = "calls are told to a ledger"))]
    pub(super) fn told(&mut self, [asked, answered]: &[Value; 2]) {
        self.content = true;
        let sides = [(Side::Asked, "prompt", asked), (Side::Answered, "content", answered)];
        for ((side, name, said), to) in sides.into_iter().zip([&mut self.asked, &mut self.answered]) {
            if !said.is_null() {
                let said = if said.is_object() { said.clone() } else { json!({ name: said }) };
                scan(side, said.to_string().as_bytes(), to);
            }
        }
    }

    /// Estimates what was used and not reported.
    pub(super) fn fill(&self, call: &mut Call) {
        let refused = call.outcome.http_status.is_some_and(|status| status >= 400);
        if self.text == Text::None || !self.content || refused {
            return;
        }
        let usage = &mut call.usage;
        let input = if usage.input_tokens.is_none() { self.asked.tokens() } else { None };
        let is_missing = usage.output_tokens.is_none() && self.text == Text::Both;
        let output = if is_missing { self.answered.tokens() } else { None };
        fill(usage, input, output);
    }
}
