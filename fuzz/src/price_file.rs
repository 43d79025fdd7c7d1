//! The user's prices: any text, and calls priced by it.

use std::sync::LazyLock;

use spanledger::{
    Call, PriceBook,
    call::{Timestamp, UsageSource},
};

use crate::call;

/// Calls with all units that prices know, small and as large as can be.
static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
    let counts = [0, 1, 1_000_000, i64::MAX as u64 / 4];
    counts.into_iter().flat_map(|count| ["m", "llama3.1:8b"].map(|model| calling(model, count))).collect()
});

fn calling(model: &str, count: u64) -> Call {
    let mut call = Call::default();
    call.provider = "ollama".into();
    call.started_at = Timestamp::from_micros(1_795_000_000_000_000);
    call.request.model = Some(model.to_owned());
    call.usage.input_tokens = Some(4 * count);
    call.usage.output_tokens = Some(2 * count);
    call.usage.cache_read_tokens = Some(count);
    call.usage.cache_write_tokens = Some(count);
    call.usage.reasoning_tokens = Some(count);
    for unit in ["images", "seconds", "web_searches", "input_audio_tokens", "output_audio_tokens", "input_image_tokens"]
    {
        call.usage.details.insert(unit.into(), count as f64);
    }
    call.usage.source = UsageSource::Provider;
    call
}

/// A mistake is a sentence that names the file; what is no mistake prices any call.
pub fn read(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match PriceBook::bundled().with_file(text, "prices.toml") {
        Ok(book) => CALLS.iter().for_each(|call| call::is_priced_soundly(&book, call)),
        Err(mistake) => assert!(mistake.to_string().starts_with("prices.toml, line ")),
    }
}
