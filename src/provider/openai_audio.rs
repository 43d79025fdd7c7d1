//! OpenAI audio: `POST …/audio/{transcriptions,translations}` and `POST …/audio/speech`, also as Mistral and Groq have them.
//!
//! - *Transcription*: a form with the file and the `model`. Usage is of `type` `tokens`, or `duration` with `seconds`
//!   (Whisper), which becomes `input_audio_seconds`; as does Mistral's `prompt_audio_seconds`. Answers as plain text or
//!   subtitles have none. A stream ends with `transcript.text.done`, which has the usage.
//! - *Speech*: JSON in, audio out, without usage. It is paid by the character, so the characters of `input` are counted
//!   (and nothing else of it is kept): `input_characters`. Streamed as events, `speech.audio.done` has the usage.
//! - *Confidence*: from a transcription's `logprobs`; Whisper's `segments[].avg_logprob` are means over pieces of unknown
//!   length and are not used.

use http::HeaderMap;
use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead, azure,
    error::Problem,
    fill, form,
    lenient::{self, Filled, Object, Objects, Text},
    logprobs::{LogProbs, Token},
    openai,
    openai_usage::OpenAiUsage,
};
use crate::{call::Call, framing::Message, span::names};

/// Audio to text.
#[derive(Debug)]
pub(super) struct OpenAiTranscription;

impl Provider for OpenAiTranscription {
    fn name(&self) -> &'static str {
        "openai_transcription"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        let detected = ["/audio/transcriptions", "/audio/translations"]
            .into_iter()
            .find_map(|end| openai::detect(head, end, "transcription"))?;
        // Its body is a form: nothing in it would make sure.
        Some(Detected { certain: detected.certain || head.path.contains("/v1/audio/"), ..detected })
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::<AudioReader>::default()
    }
}

/// Text to audio.
#[derive(Debug)]
pub(super) struct OpenAiSpeech;

impl Provider for OpenAiSpeech {
    fn name(&self) -> &'static str {
        "openai_speech"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        openai::detect(head, "/audio/speech", "speech")
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(AudioReader { speech: true, ..AudioReader::default() })
    }
}

#[derive(Debug, Default)]
struct AudioReader {
    speech: bool,
    logprobs: LogProbs,
}

impl Reader for AudioReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        form::or_json(body, call);
        if self.speech {
            fill::extra(call, names::OUTPUT_TYPE, Some("speech"));
            let spoken = lenient::read::<Spoken<'_>>(body).unwrap_or_default();
            fill::unit(call, "input_characters", spoken.input.get().map(|text| text.chars().count() as f64));
        }
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
        let done = kind.ends_with(".done");
        if done || kind.is_empty() {
            self.logprobs.extend(&answer.logprobs);
        }
        Progress { content: kind.is_empty() || kind.ends_with(".delta"), over: done }
    }

    fn finish(&mut self, call: &mut Call) {
        self.logprobs.finish(call);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spoken<'a> {
    #[serde(borrow)]
    input: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    usage: Object<OpenAiUsage<'a>>,
    logprobs: Objects<Token>,
    error: Filled,
}

#[cfg(test)]
mod tests {
    use crate::provider::testing::Exchange;

    const URL: &str = "https://api.openai.com/v1/audio/transcriptions";

    #[test]
    fn whisper_is_paid_by_the_second() {
        let call = Exchange::post(URL, "").json(r#"{"text":"hi","usage":{"type":"duration","seconds":9}}"#);
        assert_eq!((call.usage.input_tokens, call.usage.details["input_audio_seconds"]), (None, 9.0));
    }

    #[test]
    fn a_streamed_transcription_has_its_usage_and_log_probabilities_at_the_end() {
        let (call, progress) = Exchange::post(URL, "").stream(&[
            r#"{"type":"transcript.text.delta","delta":"hi","logprobs":[{"logprob":-1}]}"#,
            r#"{"type":"transcript.text.done","text":"hi","logprobs":[{"logprob":-1}],"usage":{"type":"tokens","input_tokens":14,"input_token_details":{"audio_tokens":14},"output_tokens":5,"total_tokens":19}}"#,
        ]);
        assert_eq!((progress[0].content, progress[1].over), (true, true));
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(14), Some(5)));
        assert_eq!(call.usage.details["input_audio_tokens"], 14.0);
        assert!((call.trust.confidence.unwrap().score().unwrap() - (-1f64).exp()).abs() < 1e-9);
    }

    #[test]
    fn speech_is_paid_by_the_character() {
        let url = "https://api.openai.com/v1/audio/speech";
        let (call, _) = Exchange::post(url, r#"{"model":"tts-1","input":"Grüße","voice":"alloy"}"#).messages(&[]);
        assert_eq!(call.usage.details["input_characters"], 5.0);
        assert!(!format!("{call:?}").contains("Gr"), "only its length is kept");
    }
}
