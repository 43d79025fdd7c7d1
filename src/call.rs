//! One AI call: plain data that every other module speaks.
//!
//! `provider` fills a [`Call`] from the wire, `pricing` adds its [`Cost`], `span` turns it into OpenTelemetry attributes
//! and back, `spool` carries it and `store` keeps it as a row.
//!
//! Three rules hold everywhere:
//!
//! - **Unknown is not zero.** `None`: nobody said. `Some(0)`: somebody said zero.
//! - **Totals are inclusive**, as in the OpenTelemetry semantic conventions for generative AI: cache reads and writes are
//!   part of [`Usage::input_tokens`], reasoning is part of [`Usage::output_tokens`].
//! - **Money is decimal**: [`Usd`] is an exact number of pico-dollars (1e-12 USD), never a float.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use opentelemetry::trace::{SpanId, TraceId};
use serde_json::{Map, Value};

use crate::{confidence::Trust, context::CallContext};

/// A string that is mostly one of ours (`"openai"`, `"chat"`), sometimes the caller's.
pub type Name = Cow<'static, str>;

/// One AI call and everything known about it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// The ids of its span.
    pub identity: Identity,
    /// When the request was sent.
    pub started_at: Timestamp,
    /// When the response body ended, however it ended. Never before [`started_at`](Self::started_at).
    pub ended_at: Timestamp,
    /// How long it took by the monotonic clock; `None` where only the two timestamps are known.
    pub duration: Option<Duration>,
    /// From the request to the first *content* of a stream (comments, pings and role chunks are not content).
    pub time_to_first_chunk: Option<Duration>,
    /// `gen_ai.provider.name`: whose endpoint answered (`openai`, `anthropic`, `gcp.gemini`, `ollama`, …).
    pub provider: Name,
    /// `gen_ai.operation.name`: `chat`, `embeddings`, `generate_content`, `text_completion`, …
    pub operation: Name,
    /// What was asked.
    pub request: Request,
    /// What answered.
    pub response: Response,
    /// Host and port that were called.
    pub server: Server,
    /// Tokens and other units.
    pub usage: Usage,
    /// What it cost, as far as a price is known.
    pub cost: Cost,
    /// Who asked, and for what.
    pub context: CallContext,
    /// How far the answer can be trusted, and what was done with it.
    pub trust: Trust,
    /// How it ended.
    pub outcome: Outcome,
    /// Who told us of this call.
    pub source: Source,
    /// `Some(false)` for what is no billed inference (token counting, moderation, creating a batch); `None`: the ledger's
    /// rule for leaves decides.
    pub billable: Option<bool>,
    /// The service that made the call: OpenTelemetry's `service.name`.
    pub service_name: Option<String>,
    /// OpenTelemetry's `deployment.environment.name`.
    pub environment: Option<String>,
    /// Every further attribute by its name (`gen_ai.request.top_p`, `openai.response.system_fingerprint`, …).
    pub extra: Map<String, Value>,
}

impl Call {
    /// Whether the answer was a stream: one was asked for, and not refused. `None`: unknown.
    #[must_use]
    pub fn was_streamed(&self) -> Option<bool> {
        let refused = self.outcome.http_status.is_some_and(|status| status >= 400);
        self.request.stream.map(|asked| asked && !refused)
    }
}

/// The ids of a call's span. All zero: not known (yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// The span it lies under.
    pub parent_span_id: Option<SpanId>,
    /// The nearest ancestor that is an AI call too, where that is known in this process.
    pub ai_parent_span_id: Option<SpanId>,
}

impl Default for Identity {
    fn default() -> Self {
        Self { trace_id: TraceId::INVALID, span_id: SpanId::INVALID, parent_span_id: None, ai_parent_span_id: None }
    }
}

/// What was asked. What has no column of its own (`top_p`, `max_tokens`, …) is in [`Call::extra`].
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The model that was asked for, as it was sent.
    pub model: Option<String>,
    /// Whether a stream was asked for. `None`: unknown.
    pub stream: Option<bool>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// The service tier that was asked for.
    pub service_tier: Option<String>,
}

/// What answered.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Response {
    /// The provider's id of the answer.
    pub id: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Why generation stopped, one per choice, as spelled on the wire.
    pub finish_reasons: Vec<String>,
    /// The service tier that was served: the one that prices the call.
    pub service_tier: Option<String>,
}

/// Host and port that were called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// `server.address`.
    pub address: Option<String>,
    /// `server.port`.
    pub port: Option<u16>,
}

/// What a call used. Totals are inclusive; see the [module](self).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Usage {
    /// All input tokens, cached ones included.
    pub input_tokens: Option<u64>,
    /// All output tokens, reasoning included.
    pub output_tokens: Option<u64>,
    /// Input tokens read from a cache (part of the input).
    pub cache_read_tokens: Option<u64>,
    /// Input tokens written to a cache (part of the input).
    pub cache_write_tokens: Option<u64>,
    /// Reasoning or thinking tokens (part of the output).
    pub reasoning_tokens: Option<u64>,
    /// Rarer units by the names of `genai-prices` (`input_audio_tokens`, `web_searches`, …); whole numbers except seconds.
    pub details: BTreeMap<Name, f64>,
    /// Where the counts come from.
    pub source: UsageSource,
}

impl Usage {
    /// Input and output together; unknown if either is.
    #[must_use]
    pub fn total_tokens(&self) -> Option<u64> {
        self.input_tokens?.checked_add(self.output_tokens?)
    }

    /// Whether nothing at all is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.details.is_empty()
            && [
                self.input_tokens,
                self.output_tokens,
                self.cache_read_tokens,
                self.cache_write_tokens,
                self.reasoning_tokens,
            ]
            .iter()
            .all(Option::is_none)
    }

    /// Merges what a later message of the same stream says: the larger number wins, absence never overwrites.
    pub fn merge(&mut self, later: &Self) {
        fn larger(mine: &mut Option<u64>, theirs: Option<u64>) {
            *mine = (*mine).max(theirs);
        }
        larger(&mut self.input_tokens, later.input_tokens);
        larger(&mut self.output_tokens, later.output_tokens);
        larger(&mut self.cache_read_tokens, later.cache_read_tokens);
        larger(&mut self.cache_write_tokens, later.cache_write_tokens);
        larger(&mut self.reasoning_tokens, later.reasoning_tokens);
        for (unit, amount) in &later.details {
            let mine = self.details.entry(unit.clone()).or_insert(*amount);
            *mine = mine.max(*amount);
        }
    }

    /// Drops parts that contradict their total (a cache larger than the input, reasoning larger than the output): the
    /// totals are what the bill is made from. Counts beyond `i64` cannot be stored and become unknown.
    pub fn check(&mut self) {
        for count in [
            &mut self.input_tokens,
            &mut self.output_tokens,
            &mut self.cache_read_tokens,
            &mut self.cache_write_tokens,
            &mut self.reasoning_tokens,
        ] {
            *count = count.filter(|n| i64::try_from(*n).is_ok());
        }
        self.details.retain(|_, amount| amount.is_finite() && *amount >= 0.0);
        if let Some(input) = self.input_tokens {
            let cached = self.cache_read_tokens.unwrap_or(0).saturating_add(self.cache_write_tokens.unwrap_or(0));
            if cached > input {
                self.cache_read_tokens = None;
                self.cache_write_tokens = None;
            }
        }
        if let (Some(output), Some(reasoning)) = (self.output_tokens, self.reasoning_tokens)
            && reasoning > output
        {
            self.reasoning_tokens = None;
        }
    }
}

/// What a call cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The whole cost; `None`: not known.
    pub total: Option<Usd>,
    /// The part for input.
    pub input: Option<Usd>,
    /// The part for output.
    pub output: Option<Usd>,
    /// How the price was found; `None`: nobody has priced this call yet.
    pub status: Option<PricingStatus>,
    /// Where the price comes from: `provider`, `genai-prices`, or the user's price file.
    pub price_source: Option<Name>,
    /// Which version of that source, and which entry.
    pub price_version: Option<String>,
}

/// An exact amount of US dollars, as a whole number of pico-dollars (1e-12 USD). One amount reaches 9.2 million dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i64);

impl Usd {
    /// Nothing: a known price of zero.
    pub const ZERO: Self = Self(0);
    const PER_DOLLAR: i64 = 1_000_000_000_000;

    /// From pico-dollars.
    #[must_use]
    pub const fn from_pico(pico: i64) -> Self {
        Self(pico)
    }

    /// In pico-dollars.
    #[must_use]
    pub const fn pico(self) -> i64 {
        self.0
    }

    /// Rounds a float of dollars to the nearest pico-dollar, once. `None` for what is no amount: NaN, infinite, too large.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
    pub fn from_f64(dollars: f64) -> Option<Self> {
        let pico = (dollars * 1e12).round();
        (pico.is_finite() && pico.abs() < 9.2e18).then_some(Self(pico as i64))
    }

    /// As a float of dollars: for display and for attributes that must be doubles, never for sums.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "this is the lossy view")]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 1e12
    }

    /// The sum, unless it is too large for one amount.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it is too large for one amount.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

/// The exact decimal, without trailing zeros: `0.00012`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From the last digit to the first: every call has three amounts, and formatting in two steps took a tenth of it.
        let mut text = [0; 24];
        let mut at = text.len();
        let mut put = |byte| {
            at -= 1;
            text[at] = byte;
        };
        let digit = |number: u64| b'0' + (number % 10) as u8;
        let pico = self.0.unsigned_abs();
        let (mut whole, mut fraction) =
            (pico / Self::PER_DOLLAR.unsigned_abs(), pico % Self::PER_DOLLAR.unsigned_abs());
        if fraction != 0 {
            let mut places = 12;
            while fraction % 10 == 0 {
                fraction /= 10;
                places -= 1;
            }
            for _ in 0..places {
                put(digit(fraction));
                fraction /= 10;
            }
            put(b'.');
        }
        loop {
            put(digit(whole));
            whole /= 10;
            if whole == 0 {
                break;
            }
        }
        if self.0 < 0 {
            put(b'-');
        }
        f.write_str(std::str::from_utf8(&text[at..]).unwrap_or_default())
    }
}

/// Reads a plain decimal or one with an exponent (`0.00012`, `1.13e-05`); digits beyond 1e-12 are rounded half away from
/// zero.
impl FromStr for Usd {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let bad = || NotAnAmount(text.chars().take(40).collect());
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| bad())?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() || whole.len() + fraction.len() > 30 {
            return Err(bad());
        }
        let mut digits: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            if !digit.is_ascii_digit() {
                return Err(bad());
            }
            digits = digits * 10 + i128::from(digit - b'0');
        }
        // The value is digits × 10^shift pico-dollars.
        let shift = 12i32.saturating_add(exponent).saturating_sub(i32::try_from(fraction.len()).unwrap_or(i32::MAX));
        let pico = match shift {
            0.. if digits == 0 => 0,
            0..=18 => digits.checked_mul(10i128.pow(shift.unsigned_abs())).ok_or_else(bad)?,
            19.. => return Err(bad()),
            -38..0 => {
                let unit = 10i128.pow(shift.unsigned_abs());
                (digits + unit / 2) / unit
            }
            _ => 0,
        };
        i64::try_from(if negative { -pico } else { pico }).map(Self).map_err(|_| bad())
    }
}

/// A text that is no amount of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnAmount(String);

impl fmt::Display for NotAnAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not an amount of US dollars (write a decimal such as \"0.15\")", self.0)
    }
}

impl std::error::Error for NotAnAmount {}

/// How a call ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Which ending the body had.
    pub ending: Ending,
    /// The HTTP status; `None`: no head arrived, or the call was not over HTTP.
    pub http_status: Option<u16>,
    /// OpenTelemetry's `error.type`: the HTTP status as text, a provider's code inside a 200, or the kind of failure.
    /// Present exactly when the call is an error.
    pub error_type: Option<String>,
    /// The provider's words, else the kind of failure.
    pub error_message: Option<String>,
}

impl Outcome {
    /// Whether the call failed: no answer, HTTP 400 and up, an error inside a 200, or a body that broke.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.error_type.is_some()
    }
}

/// Declares an enum of words: the variants, their spelling in columns and attributes, and the way back.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vmeta])* $variant,)* }

        impl $name {
            /// Every word of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that columns and attributes use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value a word stands for.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// How the body of the answer ended.
    #[derive(Default)]
    Ending {
        /// It ended, or the protocol said that it was over.
        #[default]
        Complete = "complete",
        /// The caller dropped it before that.
        Cancelled = "cancelled",
        /// No head arrived, or the body broke.
        Failed = "failed",
    }
}

words! {
    /// Where the counts of a [`Usage`] come from.
    #[derive(Default)]
    UsageSource {
        /// The provider reported them.
        Provider = "provider",
        /// The provider reported some, and the answer broke off before the rest.
        Partial = "partial",
        /// We estimated them.
        Estimated = "estimated",
        /// There are none.
        #[default]
        None = "none",
    }
}

words! {
    /// How a price was found.
    PricingStatus {
        /// The provider stated the cost itself.
        ProviderReported = "provider_reported",
        /// A price of exactly this model.
        Exact = "exact",
        /// A price of the model that this name is an alias or a dated snapshot of.
        Alias = "alias",
        /// Some of what was used has no price: the cost is a lower bound.
        Partial = "partial",
        /// No price is known: the cost is unknown, not zero.
        Unpriced = "unpriced",
    }
}

words! {
    /// Who told us of a call. Of two versions of one row, the later in this list wins.
    #[derive(Default)]
    Source {
        /// A span of another library.
        Foreign = "foreign",
        /// A span with `spanledger.*` attributes, over OTLP.
        Otlp = "otlp",
        /// Our own capture, or `Ledger::record`.
        #[default]
        Capture = "capture",
    }
}

/// The id of a row in `usage_log`: a UUID hashed from the call's key (trace id, span id, started at).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub [u8; 16]);

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for RowId {
    type Err = NotARowId;

    fn from_str(text: &str) -> Result<Self, NotARowId> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        let mut id = [0; 16];
        if digits.len() != 32 {
            return Err(NotARowId);
        }
        for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
            let hex = |digit: u8| char::from(digit).to_digit(16).ok_or(NotARowId);
            *byte = u8::try_from(hex(pair[0])? * 16 + hex(pair[1])?).map_err(|_| NotARowId)?;
        }
        Ok(Self(id))
    }
}

/// A text that is no row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARowId;

impl fmt::Display for NotARowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row id is a UUID, such as 0f8fad5b-d9cb-569f-a165-70867728950e")
    }
}

impl std::error::Error for NotARowId {}

/// What was learnt of a call after its row was written. It may reach the store before the row does.
#[derive(Clone, Debug, PartialEq)]
pub struct Later {
    /// The row that it is about.
    pub row_id: RowId,
    /// When it was said. Of two that say the same thing, the later one wins.
    pub recorded_at: Timestamp,
    /// What was said; what is `None` here says nothing.
    pub trust: Trust,
}

/// One record of the spool: what a store inserts.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A call.
    Call(Box<Call>),
    /// What was learnt of one later.
    Later(Box<Later>),
}

/// A moment in UTC, in whole microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Now, by the system's clock.
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// From microseconds since 1970.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// In microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// From OTLP's nanoseconds since 1970; what is finer than a microsecond is cut off.
    #[must_use]
    pub fn from_unix_nanos(nanos: u64) -> Self {
        Self(i64::try_from(nanos / 1000).unwrap_or(i64::MAX))
    }

    /// In OTLP's nanoseconds since 1970; 0 for what lies before, the greatest for what lies after the year 2554.
    #[must_use]
    pub fn unix_nanos(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0).saturating_mul(1000)
    }

    /// This moment plus a duration.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
        })
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let micros = Duration::from_micros(time.0.unsigned_abs());
        let moment = if time.0 < 0 { UNIX_EPOCH.checked_sub(micros) } else { UNIX_EPOCH.checked_add(micros) };
        moment.unwrap_or(UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_and_read_exactly() {
        for (text, pico) in [("0", 0), ("0.00012", 120_000_000), ("12.5", 12_500_000_000_000), ("-0.000000000001", -1)]
        {
            assert_eq!(Usd::from_pico(pico).to_string(), text);
            assert_eq!(text.parse(), Ok(Usd::from_pico(pico)));
        }
        assert_eq!("1.13e-05".parse(), Ok(Usd::from_pico(11_300_000)));
        assert_eq!("3E2".parse(), Ok(Usd::from_pico(300_000_000_000_000)));
        assert_eq!("0.0000000000005".parse(), Ok(Usd::from_pico(1)), "half a pico-dollar rounds away from zero");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-", ".", "1,5", "NaN", "inf", "1e99", "1e-", "99999999999", "0x10", "1 "] {
            assert!(text.parse::<Usd>().is_err(), "{text:?}");
        }
        assert_eq!(Usd::from_f64(f64::NAN), None);
        assert_eq!(Usd::from_f64(1e30), None);
        assert_eq!(Usd::from_f64(0.000_209_999_999_999_999_98), Some(Usd::from_pico(210_000_000)));
    }

    #[test]
    fn the_larger_number_wins_and_absence_never_overwrites() {
        let mut usage = Usage { input_tokens: Some(10), output_tokens: Some(5), ..Usage::default() };
        usage.merge(&Usage { output_tokens: Some(3), cache_read_tokens: Some(0), ..Usage::default() });
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.cache_read_tokens), (Some(10), Some(5), Some(0)));
    }

    #[test]
    fn parts_that_contradict_their_total_become_unknown() {
        let mut usage = Usage {
            input_tokens: Some(10),
            cache_read_tokens: Some(11),
            output_tokens: Some(2),
            reasoning_tokens: Some(3),
            ..Usage::default()
        };
        usage.check();
        assert_eq!((usage.cache_read_tokens, usage.reasoning_tokens), (None, None));
        assert_eq!(usage.total_tokens(), Some(12));
    }

    #[test]
    fn a_total_is_unknown_when_a_part_is() {
        assert_eq!(Usage { input_tokens: Some(1), ..Usage::default() }.total_tokens(), None);
    }

    #[test]
    fn time_survives_both_ways_also_before_1970() {
        for micros in [0, 1, -1, 1_790_000_000_123_456] {
            let time = Timestamp::from_micros(micros);
            assert_eq!(Timestamp::from(SystemTime::from(time)), time);
        }
        assert_eq!(Timestamp::from_unix_nanos(1_999), Timestamp::from_micros(1));
        assert_eq!(Timestamp::from_micros(-5).unix_nanos(), 0);
    }
}
