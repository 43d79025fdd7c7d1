//! The units of genai-prices, and which is part of which.

/// A unit that can have a rate.
#[derive(Clone, Copy, Debug)]
pub(in crate::pricing) struct Unit {
    /// Its name in genai-prices, and in `usage_details`.
    pub(in crate::pricing) name: &'static str,
    /// What it is part of: all of it counts there too, and has the rate of one of these where it has none of its own.
    pub(in crate::pricing) parts_of: &'static [&'static str],
}

const fn unit(name: &'static str, parts_of: &'static [&'static str]) -> Unit {
    Unit { name, parts_of }
}

const INPUT: &[&str] = &["input_tokens"];
const OUTPUT: &[&str] = &["output_tokens"];
const WRITTEN: &[&str] = &["input_tokens", "cache_write_tokens"];

/// Every unit that a list charges for, a whole before its parts.
pub(in crate::pricing) const UNITS: [Unit; 32] = [
    unit("input_tokens", &[]),
    unit("cache_read_tokens", INPUT),
    unit("cache_write_tokens", INPUT),
    unit("cache_write_5m_tokens", WRITTEN),
    unit("cache_write_1h_tokens", WRITTEN),
    unit("input_text_tokens", INPUT),
    unit("input_audio_tokens", INPUT),
    unit("input_image_tokens", INPUT),
    unit("input_video_tokens", INPUT),
    unit("cache_audio_read_tokens", &["input_tokens", "cache_read_tokens", "input_audio_tokens"]),
    unit("cache_image_read_tokens", &["input_tokens", "cache_read_tokens", "input_image_tokens"]),
    unit("cache_video_read_tokens", &["input_tokens", "cache_read_tokens", "input_video_tokens"]),
    unit("output_tokens", &[]),
    unit("output_reasoning_tokens", OUTPUT),
    unit("output_citation_tokens", OUTPUT),
    unit("output_text_tokens", OUTPUT),
    unit("output_audio_tokens", OUTPUT),
    unit("output_image_tokens", OUTPUT),
    unit("output_video_tokens", OUTPUT),
    unit("requests", &[]),
    unit("web_searches", &[]),
    unit("social_searches", &[]),
    unit("storage_searches", &[]),
    unit("rerank_searches", &[]),
    unit("code_executions", &[]),
    unit("input_characters", &[]),
    unit("input_text_messages", &[]),
    unit("input_pixels", &[]),
    unit("input_document_pages", &[]),
    unit("input_annotated_document_pages", &["input_document_pages"]),
    unit("audio_seconds", &[]),
    unit("input_audio_seconds", &["audio_seconds"]),
];

impl Unit {
    /// How many of it a rate is for: a million of what comes in millions, an hour of seconds (some bill ten at least).
    pub(in crate::pricing) fn per(self) -> u32 {
        if ["_tokens", "_characters", "_pixels"].iter().any(|end| self.name.ends_with(end)) {
            1_000_000
        } else if self.name.ends_with("_seconds") {
            3600
        } else {
            1
        }
    }

    /// Whether it is part of the output.
    pub(in crate::pricing) fn is_output(self) -> bool {
        self.name == OUTPUT[0] || self.parts_of.contains(&OUTPUT[0])
    }
}
