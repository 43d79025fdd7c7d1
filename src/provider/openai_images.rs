//! OpenAI images, `POST …/images/{generations,edits,variations}`, and who speaks them (xAI, Together, OpenRouter).
//!
//! - *Usage*: tokens of input and output, apart for text and images, from gpt-image models: [`openai_usage`](super::openai_usage).
//!   DALL·E and most others have none: what they are paid by is how many `images` came back, a unit of ours. xAI states a cost.
//! - *Stream*: `image_generation.partial_image`, then `image_generation.completed` (or `image_edit.…`) with the usage, which
//!   is the end.
//! - There is no id worth the name. Edits are sent as forms, in which the model is a field.

use http::HeaderMap;
use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead, azure,
    error::Problem,
    fill, form,
    lenient::{self, Filled, Object, Objects, Text},
    openai,
    openai_usage::OpenAiUsage,
};
use crate::{call::Call, framing::Message, span::names};

/// The protocol.
#[derive(Debug)]
pub(super) struct OpenAiImages;

impl Provider for OpenAiImages {
    fn name(&self) -> &'static str {
        "openai_images"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        ["/images/generations", "/images/edits", "/images/variations"]
            .into_iter()
            .find_map(|end| openai::detect(head, end, "image_generation"))
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(ImagesReader)
    }
}

#[derive(Debug)]
struct ImagesReader;

impl Reader for ImagesReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        form::or_json(body, call);
        fill::extra(call, names::OUTPUT_TYPE, Some("image"));
    }

    fn headers(&mut self, headers: &HeaderMap, call: &mut Call) {
        azure::headers(headers, call);
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(answer) = lenient::read::<Answer<'_>>(message.data) else { return Progress::QUIET };
        let kind = answer.kind.get().or(message.event).unwrap_or_default();
        if answer.error.0 || kind == "error" {
            Problem::read(message.data).inside_success(call);
            return Progress::OVER;
        }
        fill::first(&mut call.response.model, &answer.model);
        if let Some(usage) = answer.usage.0 {
            usage.apply(call);
        }
        let over = kind.ends_with(".completed");
        fill::unit(call, "images", Some(answer.data.0.len() as f64 + f64::from(u8::from(over))));
        Progress { content: kind.is_empty() || kind.ends_with(".partial_image") || over, over }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    data: Objects<Image>,
    #[serde(borrow)]
    usage: Object<OpenAiUsage<'a>>,
    error: Filled,
}

/// Its picture is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Image {}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

    const URL: &str = "https://api.openai.com/v1/images/generations";

    #[test]
    fn images_are_counted_and_their_tokens_told_apart() {
        let call = Exchange::post(URL, r#"{"model":"gpt-image-1","prompt":"p"}"#).json(
            r#"{"created":1,"data":[{"b64_json":"AAAA"}],"usage":{"input_tokens":9,"input_tokens_details":{"text_tokens":4,"image_tokens":5},"output_tokens":1000,"total_tokens":1009}}"#,
        );
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(9), Some(1000)));
        assert_eq!((call.usage.details["images"], call.usage.details["input_image_tokens"]), (1.0, 5.0));
        assert_eq!(call.extra["gen_ai.output.type"], "image");
    }

    #[test]
    fn a_stream_of_pictures_ends_with_the_completed_one() {
        let (call, progress) = Exchange::post(URL, r#"{"model":"gpt-image-1","stream":true}"#).stream(&[
            r#"{"type":"image_generation.partial_image","b64_json":"AA"}"#,
            r#"{"type":"image_generation.completed","b64_json":"AAAA","usage":{"input_tokens":9,"output_tokens":50}}"#,
        ]);
        assert_eq!(progress.iter().map(|progress| progress.over).collect::<Vec<_>>(), [false, true]);
        assert_eq!((call.usage.output_tokens, call.usage.details["images"]), (Some(50), 1.0));
    }

    #[test]
    fn the_model_of_an_edit_is_a_field_of_its_form() {
        let form = "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-image-1\r\n--x--\r\n";
        let call = Exchange::post("https://api.openai.com/v1/images/edits", form).json(r#"{"data":[]}"#);
        assert_eq!((call.request.model.as_deref(), call.request.stream), (Some("gpt-image-1"), Some(false)));
    }
}
