//! OpenAI audio: `POST …/audio/{transcriptions,translations}` and `POST …/audio/speech`, also as Mistral and Groq have them.
//!
//! - *Transcription*: a form with the file and the `model`. Usage is of `type` `tokens`, or `duration` with `seconds`
//!   (Whisper), which becomes `input_audio_seconds`; as does Mistral's `prompt_audio_seconds`. Answers as plain text or
//!   subtitles have none. Where there is no usage (Groq, and Whisper's `verbose_json`), the seconds are the `duration` of the
//!   audio. A stream ends with `transcript.text.done`, which has the usage.
//! - *Speech*: JSON in, audio out, without usage. It is paid by the character, so the characters of `input` are counted
//!   (and nothing else of it is kept): `input_characters`. Of a request too long to be held they are not
//!   known. Streamed as events, `speech.audio.done` has the usage.
//! - *Confidence*: from a transcription's `logprobs`. Whisper has `segments[].avg_logprob` instead, each the mean over the
//!   segment's `tokens` and the one that ends it (`sum / (tokens + 1)`, in Whisper's `decoding.py`): weighted by as many, they
//!   make the mean over the whole. Segments that do not list their tokens are left out, and so is `no_speech_prob`, which is
//!   about the audio and not about the words.
//!
//! Sources: OpenAI's API reference (`CreateTranscriptionResponseVerboseJson`, the `transcript.*` and `speech.audio.*` events)
//! and Python client; Mistral's and Groq's API references; Whisper's source.

use http::HeaderMap;
use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead, azure,
    error::Problem,
    fill, form,
    lenient::{self, Count, Filled, List, Number, Object, Objects, Text},
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
    /// Not all of the request is known.
    cut: bool,
    logprobs: LogProbs,
}

impl Reader for AudioReader {
    fn request_is_cut(&mut self) {
        self.cut = true;
    }

    fn request(&mut self, body: &[u8], call: &mut Call) {
        form::or_json(body, call);
        if self.speech {
            fill::extra(call, names::OUTPUT_TYPE, Some("speech"));
            let spoken = lenient::read::<Spoken<'_>>(body).unwrap_or_default();
            let input = spoken.input.get().filter(|_| !self.cut);
            fill::unit(call, "input_characters", input.map(|text| text.chars().count() as f64));
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
        match answer.usage.0 {
            Some(usage) => usage.apply(call),
            None => fill::unit(call, "input_audio_seconds", answer.duration.0),
        }
        let done = kind.ends_with(".done");
        if done || kind.is_empty() {
            self.logprobs.come_from(message);
            self.logprobs.extend(&answer.logprobs);
            for segment in &answer.segments.0 {
                self.logprobs.add_mean(segment.avg_logprob, segment.tokens.0.len());
            }
        }
        Progress { content: kind.is_empty() || kind.ends_with(".delta"), over: done, ..Progress::QUIET }
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
    duration: Number,
    segments: Objects<Segment>,
    error: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Segment {
    avg_logprob: Number,
    tokens: List<Count>,
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
    fn where_no_usage_is_stated_the_audio_is_as_long_as_it_is() {
        let groq = "https://api.groq.com/openai/v1/audio/transcriptions";
        let call = Exchange::post(groq, "").json(r#"{"text":"hi","duration":12.5,"x_groq":{"id":"req_1"}}"#);
        assert_eq!(call.usage.details["input_audio_seconds"], 12.5);
        let call = Exchange::post(URL, "").json(r#"{"duration":8.47,"usage":{"type":"duration","seconds":9}}"#);
        assert_eq!(call.usage.details["input_audio_seconds"], 9.0, "what is billed, where it is stated");
        let (call, _) = Exchange::post(URL, "").messages(&[(None, "1\n00:00:00,000 --> 00:00:02,000\nHi\n")]);
        assert!(call.usage.is_empty(), "subtitles state nothing");
    }

    #[test]
    fn mistral_counts_seconds_beside_tokens() {
        let url = "https://api.mistral.ai/v1/audio/transcriptions";
        let call = Exchange::post(url, "").json(
            r#"{"model":"voxtral-mini-2507","text":"hi","usage":{"prompt_audio_seconds":30,"prompt_tokens":4,"completion_tokens":20,"total_tokens":399}}"#,
        );
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(4), Some(20)));
        assert_eq!(call.usage.details["input_audio_seconds"], 30.0);
    }

    #[test]
    fn the_means_of_whispers_segments_weigh_as_much_as_their_tokens() {
        let call = Exchange::post("https://api.openai.com/v1/audio/translations", "").json(
            r#"{"text":"a b","segments":[{"avg_logprob":-1.0,"tokens":[1,2,3],"no_speech_prob":0.5},{"avg_logprob":-0.25,"tokens":[4,5,6,7,8,9,10,11,12,13,14]},{"avg_logprob":-9}]}"#,
        );
        let confidence = call.trust.confidence.unwrap();
        let mean: f64 = -(4.0 + 12.0 * 0.25) / 16.0;
        assert!((confidence.score().unwrap() - mean.exp()).abs() < 1e-9);
        assert_eq!(confidence.derivation(), Some("logprobs"));
    }

    #[test]
    fn speech_as_events_ends_with_its_usage() {
        let asked = r#"{"model":"gpt-4o-mini-tts","input":"Hi","stream_format":"sse"}"#;
        let (call, progress) = Exchange::post("https://api.openai.com/v1/audio/speech", asked).stream(&[
            r#"{"type":"speech.audio.delta","audio":"AAAA"}"#,
            r#"{"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115}}"#,
        ]);
        assert_eq!((progress[0].content, progress[1].over), (true, true));
        assert_eq!((call.usage.input_tokens, call.usage.output_tokens), (Some(14), Some(101)));
    }

    #[test]
    fn speech_is_paid_by_the_character() {
        let url = "https://api.openai.com/v1/audio/speech";
        let (call, _) = Exchange::post(url, r#"{"model":"tts-1","input":"Grüße","voice":"alloy"}"#).messages(&[]);
        assert_eq!(call.usage.details["input_characters"], 5.0);
        assert!(!format!("{call:?}").contains("Gr"), "only its length is kept");
    }

    #[test]
    fn an_answer_too_long_to_be_held_has_no_confidence() {
        let tokens = |count: usize| {
            vec![r#"{"avg_logprob":-0.1,"tokens":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}"#; count].join(",")
        };
        let answer = |count: usize| {
            let body = format!(r#"{{"segments":[{}]}}"#, tokens(count));
            Exchange::post("https://api.openai.com/v1/audio/transcriptions", "{}")
                .body("application/json", &body)
                .trust
                .confidence
        };
        assert!(answer(10).is_some());
        assert_eq!(answer(5000), None);
    }

    #[test]
    fn characters_of_a_request_too_long_to_be_held_are_unknown() {
        let spoken = |length: usize| {
            let request = format!(r#"{{"model":"tts-1","input":"{}"}}"#, "x".repeat(length));
            let call = Exchange::post("https://api.openai.com/v1/audio/speech", &request).body("audio/mpeg", "");
            call.usage.details.get("input_characters").copied()
        };
        assert_eq!((spoken(60_000), spoken(70_000)), (Some(60_000.0), None));
    }
}
