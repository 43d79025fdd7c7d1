//! Mistral's document recognition, `POST /v1/ocr`: paid by the page.
//!
//! - *Usage*: `usage_info.pages_processed` is the unit `input_document_pages`. Pages that were also annotated (a
//!   `document_annotation_format` or a `bbox_annotation_format` was asked for) are `input_annotated_document_pages` too: they
//!   have a price of their own. There are no tokens, no id and no finish reason.
//!
//! Sources: Mistral's API reference (`OCRResponse`, `OCRUsageInfo`) and its price list.

use serde::Deserialize;

use super::{
    Detected, Progress, Provider, Reader, RequestHead, fill, hosts,
    lenient::{self, Count, Filled, Object, Text},
    openai,
    openai_usage::amount,
};
use crate::{call::Call, framing::Message};

/// The protocol.
#[derive(Debug)]
pub(super) struct MistralOcr;

impl Provider for MistralOcr {
    fn name(&self) -> &'static str {
        "mistral_ocr"
    }

    fn detect(&self, head: &RequestHead<'_>) -> Option<Detected> {
        hosts::known(head).filter(|provider| *provider == "mistral_ai")?;
        openai::detect(head, "/v1/ocr", "ocr")
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::<OcrReader>::default()
    }
}

#[derive(Debug, Default)]
struct OcrReader {
    annotates: bool,
}

impl Reader for OcrReader {
    fn request(&mut self, body: &[u8], call: &mut Call) {
        openai::request(body, call);
        let asked: Asked = lenient::read(body).unwrap_or_default();
        self.annotates = asked.document_annotation_format.0 || asked.bbox_annotation_format.0;
    }

    fn message(&mut self, message: Message<'_>, call: &mut Call) -> Progress {
        let Some(answer) = lenient::read::<Answer<'_>>(message.data) else { return Progress::QUIET };
        fill::first(&mut call.response.model, &answer.model);
        let pages = amount(answer.usage_info.0.unwrap_or_default().pages_processed);
        fill::unit(call, "input_document_pages", pages);
        fill::unit(call, "input_annotated_document_pages", pages.filter(|_| self.annotates));
        Progress::CONTENT
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    document_annotation_format: Filled,
    bbox_annotation_format: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    usage_info: Object<Pages>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Pages {
    pages_processed: Count,
}

#[cfg(test)]
mod tests {
    use crate::{
        call::{Call, Timestamp},
        pricing::PriceBook,
        provider::testing::Exchange,
    };

    fn recognised(asked: &str) -> Call {
        let mut call = Exchange::post("https://api.mistral.ai/v1/ocr", asked).json(
            r#"{"pages":[{"index":0,"markdown":"secret"}],"model":"mistral-ocr-2505","usage_info":{"pages_processed":40,"doc_size_bytes":1000}}"#,
        );
        call.started_at = Timestamp::from_micros(1_790_000_000_000_000);
        call.cost = PriceBook::bundled().price(&call);
        assert!(!format!("{call:?}").contains("secret"));
        call
    }

    #[test]
    fn documents_are_paid_by_the_page_and_annotated_ones_at_their_own_price() {
        let plain = recognised(r#"{"model":"mistral-ocr-latest","document":{}}"#);
        assert_eq!(plain.usage.details["input_document_pages"], 40.0);
        assert_eq!(plain.cost.total.unwrap().to_string(), "0.04");
        let annotated =
            recognised(r#"{"model":"mistral-ocr-latest","document_annotation_format":{"type":"json_schema"}}"#);
        assert_eq!(annotated.usage.details["input_annotated_document_pages"], 40.0);
        assert_eq!(annotated.cost.total.unwrap().to_string(), "0.12");
    }
}
