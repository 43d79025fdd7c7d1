//! OpenAI images, `POST …/images/{generations,edits,variations}`, and who speaks them (xAI, Together, OpenRouter).
//!
//! - *Usage*: tokens of input and output, apart for text and images, from gpt-image models: [`openai_usage`](super::openai_usage).
//!   DALL·E and most others have none: what they are paid by is how many `images` came back, a unit of ours, of which
//!   `spanledger.image.size` and `spanledger.image.quality`: as answered, else as asked. xAI states a cost.
//! - *Stream*: `image_generation.partial_image`, then `image_generation.completed` (or `image_edit.…`) with the usage, which
//!   is the end. Partial images are no images of their own: their tokens are in the usage.
//! - There is no id worth the name. Edits are sent as forms, in which the model is a field.
//! - OpenRouter's `…/images` speaks it too, with the usage of its chat and a cost.
//!
//! Sources: OpenAI's API reference (`ImagesResponse`, `ImageGenCompletedEvent`) and Python client; xAI's API reference.

use http::HeaderMap;
use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead, azure,
    error::Problem,
    fill, form, hosts,
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
        let ends: &[_] = match hosts::known(head) {
            Some("openrouter") => &["/images"],
            _ => &["/images/generations", "/images/edits", "/images/variations"],
        };
        ends.iter().find_map(|end| openai::detect(head, end, "image_generation"))
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
        let of = |field| form::field(body, field).map(|value| Text::from(value.to_owned()));
        let json = lenient::read::<Picture<'_>>(body).unwrap_or_default();
        Picture { size: of("size").unwrap_or(json.size), quality: of("quality").unwrap_or(json.quality) }.note(call);
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
        Picture { size: answer.size, quality: answer.quality }.note(call);
        if let Some(usage) = answer.usage.0 {
            usage.apply(call);
        }
        let over = kind.ends_with(".completed");
        fill::counted(call, "images", answer.data.0.len() + usize::from(over), message, 2);
        Progress { content: kind.is_empty() || kind.ends_with(".partial_image") || over, over, ..Progress::QUIET }
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
    size: Text<'a>,
    #[serde(borrow)]
    quality: Text<'a>,
    #[serde(borrow)]
    usage: Object<OpenAiUsage<'a>>,
    error: Filled,
}

/// What an image without tokens is priced by.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Picture<'a> {
    #[serde(borrow)]
    size: Text<'a>,
    #[serde(borrow)]
    quality: Text<'a>,
}

impl Picture<'_> {
    fn note(&self, call: &mut Call) {
        fill::extra_text(call, names::IMAGE_SIZE, &self.size);
        fill::extra_text(call, names::IMAGE_QUALITY, &self.quality);
    }
}

/// Its picture is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Image {}

#[cfg(test)]
mod tests {
    use crate::{call::UsageSource, provider::testing::Exchange};

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

    #[test]
    fn an_image_without_tokens_has_a_number_a_size_and_a_quality() {
        let asked = r#"{"model":"dall-e-3","prompt":"p","n":2,"size":"1024x1792","quality":"hd"}"#;
        let call = Exchange::post(URL, asked).json(r#"{"created":1,"data":[{"url":"u"},{"url":"u"}]}"#);
        assert_eq!((call.usage.input_tokens, call.usage.details["images"]), (None, 2.0));
        assert_eq!(
            (&call.extra["spanledger.image.size"], &call.extra["spanledger.image.quality"]),
            (&"1024x1792".into(), &"hd".into())
        );
        let call = Exchange::post(URL, r#"{"model":"gpt-image-1","size":"auto","quality":"auto"}"#)
            .json(r#"{"size":"1024x1024","quality":"low","data":[{}]}"#);
        assert_eq!(call.extra["spanledger.image.quality"], "low", "what was made, not what was asked");
        let form = "--x\r\nContent-Disposition: form-data; name=\"size\"\r\n\r\n256x256\r\n--x--\r\n";
        let call = Exchange::post("https://api.openai.com/v1/images/variations", form).json(r#"{"data":[{}]}"#);
        assert_eq!(call.extra["spanledger.image.size"], "256x256");
    }

    #[test]
    fn a_stream_of_edits_ends_alike_and_its_output_may_be_text_too() {
        let (call, progress) = Exchange::post("https://api.openai.com/v1/images/edits", "").stream(&[
            r#"{"type":"image_edit.partial_image","partial_image_index":0,"b64_json":"AA"}"#,
            r#"{"type":"image_edit.completed","size":"1024x1024","usage":{"input_tokens":300,"input_tokens_details":{"text_tokens":10,"image_tokens":290},"output_tokens":210,"output_tokens_details":{"text_tokens":10,"image_tokens":200},"total_tokens":510}}"#,
        ]);
        assert!(progress[1].over);
        assert_eq!(
            (call.usage.details["input_image_tokens"], call.usage.details["output_image_tokens"]),
            (290.0, 200.0)
        );
    }

    #[test]
    fn xai_states_what_a_picture_costs_and_openrouter_too() {
        let call = Exchange::post("https://api.x.ai/v1/images/generations", r#"{"model":"grok-2-image"}"#)
            .json(r#"{"data":[{"url":"u"}],"usage":{"cost_in_usd_ticks":700000000}}"#);
        assert_eq!(call.cost.total.unwrap().to_string(), "0.07");
        let call = Exchange::post("https://openrouter.ai/api/v1/images", r#"{"model":"google/gemini-3-image"}"#)
            .json(r#"{"data":[{"b64_json":"AA"}],"usage":{"prompt_tokens":5,"completion_tokens":1290,"cost":0.039}}"#);
        assert_eq!((call.usage.output_tokens, call.cost.total.unwrap().to_string().as_str()), (Some(1290), "0.039"));
    }

    #[test]
    fn pictures_of_an_answer_too_long_to_be_held_are_counted_only_if_all_are_known() {
        let made = |count: usize, bytes: usize| {
            let picture = format!(r#"{{"b64_json":"{}"}}"#, "A".repeat(bytes));
            let body = format!(r#"{{"data":[{}]}}"#, vec![picture; count].join(","));
            let usage = Exchange::post("https://api.openai.com/v1/images/generations", "{}")
                .body("application/json", &body)
                .usage;
            (usage.details.get("images").copied(), usage.source)
        };
        assert_eq!(made(10, 100_000), (Some(10.0), UsageSource::None));
        assert_eq!(made(60_000, 1), (None, UsageSource::Partial));
    }
}
