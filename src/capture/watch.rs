//! One call being watched, from the request's head to the body's end: the state machine that all ways in share.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use http::{HeaderMap, header};
use opentelemetry::Context;

use super::{
    answered::Names,
    baggage,
    copied::{self, Copied, RequestBytes},
    credentials::Credentials,
    decoded::Decoded,
    handle::{CallHandle, Ended, Shared, WeakHandle},
    meter::Meter,
    reading::{Reading, read_request},
    recorder::Recorder,
    said::{Said, gather},
    telemetry,
};
use crate::{
    call::{Call, Ending, Server, Timestamp, UsageSource},
    content::Gathered,
    context::{self, CallContext},
    framing::Decoder,
    provider::{self, Detected, Provider, Reader, RequestHead},
};

/// One call being watched. Dropping it is an ending too: cancelled, unless the protocol had said that the answer is over.
pub(super) struct Watch {
    recorder: Arc<Recorder>,
    call: Box<Call>,
    reader: Box<dyn Reader>,
    meter: Meter,
    decoded: Decoded,
    decoder: Option<Decoder>,
    request: Option<Arc<Copied>>,
    /// What is said, where that was asked for.
    content: Option<Box<Gathered>>,
    credentials: Credentials,
    shared: Arc<Shared>,
    context: Context,
    started: Instant,
    /// The clock of a recorded exchange, whose end is known beforehand.
    lasted: Option<Duration>,
    /// An unknown host and a path that other programs use too; the request's body was not known beforehand.
    doubtful: bool,
    over: bool,
    ended: bool,
}

/// The call as far as the request tells, what reads and meters the rest, and whether it is doubtful.
type Prepared = (Box<Call>, Box<dyn Reader>, Meter, bool);

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("over", &self.over).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Watch {
    /// Begins to watch, if this is an AI call and telemetry is not suppressed (our exporters' own calls are).
    pub(super) fn begin(
        recorder: &Arc<Recorder>,
        head: &RequestHead<'_>,
        context: Option<&CallContext>,
        body: RequestBytes<'_>,
    ) -> Option<Self> {
        Self::begin_at(recorder, head, context, body, Timestamp::now(), None)
    }

    pub(super) fn begin_at(
        recorder: &Arc<Recorder>,
        head: &RequestHead<'_>,
        context: Option<&CallContext>,
        body: RequestBytes<'_>,
        started_at: Timestamp,
        lasted: Option<Duration>,
    ) -> Option<Self> {
        if Context::is_current_telemetry_suppressed() {
            return None;
        }
        let started = Instant::now();
        let unwind = AssertUnwindSafe(|| {
            let (provider, detected) = provider::detect(head, &recorder.hosts)?;
            let prepared = Self::prepare(recorder, (provider, &detected), head, context, &body, started_at)?;
            Some((prepared, gather(recorder, provider, head, &body)))
        });
        let ((mut call, reader, meter, doubtful), content) = catch_unwind(unwind).ok().flatten()?;
        // A sampler or a span processor that panics costs the span, and neither the row nor the caller's answer.
        let begun = catch_unwind(AssertUnwindSafe(|| telemetry::start(&call, recorder.dialect, recorder.spans)))
            .unwrap_or_else(|_| telemetry::start(&call, recorder.dialect, false));
        call.identity = begun.identity;
        let shared = Shared::new(Arc::clone(recorder), &call, begun.has_span.then(|| begun.context.clone()));
        if recorder.spans && context::is_collected() {
            context::collect(&CallHandle::of(&shared));
        }
        Some(Self {
            recorder: Arc::clone(recorder),
            call,
            reader,
            meter,
            decoded: Decoded::default(),
            decoder: None,
            request: body.passing(),
            content,
            credentials: Credentials::of(head),
            shared,
            context: begun.context,
            started,
            lasted,
            doubtful,
            over: false,
            ended: false,
        })
    }

    /// The call as far as the request tells, and a reader for the rest. `None`: no AI call after all.
    fn prepare(
        recorder: &Recorder,
        (provider, detected): (&dyn Provider, &Detected),
        head: &RequestHead<'_>,
        context: Option<&CallContext>,
        body: &RequestBytes<'_>,
        started_at: Timestamp,
    ) -> Option<Prepared> {
        let mut call = Box::new(Call {
            started_at,
            provider: detected.provider.clone(),
            operation: detected.operation.into(),
            server: Server { address: Some(head.host.to_owned()), port: head.port },
            context: context::resolve(context),
            billable: (!detected.billable).then_some(false),
            ..Call::default()
        });
        if recorder.baggage {
            call.context = std::mem::take(&mut call.context).or(&baggage::context());
        }
        call.request.model.clone_from(&detected.model);
        call.request.stream = detected.stream;
        let mut reader = provider.reader();
        let mut meter = if recorder.estimates { Meter::of(&call) } else { Meter::default() };
        if let RequestBytes::Whole(bytes) = body {
            if Decoded::new(head.headers).is_plain() {
                reader.request(bytes, &mut call);
                meter.request(bytes);
            } else if let Some(bytes) = copied::decoded(head.headers, bytes) {
                read_request(&mut *reader, &bytes, &mut call);
                meter.request_kept(&bytes);
            }
        }
        recorder.models.apply(&mut call);
        let named = call.request.model.is_some();
        let seen = matches!(body, RequestBytes::Whole(_));
        let doubtful = !detected.certain && !named;
        (!doubtful || !seen).then_some((call, reader, meter, doubtful))
    }

    /// Whether a doubtful request turned out to name no model: it was no AI call after all.
    fn is_something_else(&self) -> bool {
        self.doubtful
            && self.request.is_none()
            && self.call.request.model.is_none()
            && self.call.response.model.is_none()
    }

    /// The request was built anew beneath us, for another attempt at the same call: what is asked is what the last one asks.
    #[cfg_attr(not(feature = "reqwest"), expect(dead_code, reason = "only factories build twice"))]
    pub(super) fn rebuilt(&mut self, head: &RequestHead<'_>, body: RequestBytes<'_>) {
        self.observe(|watch| {
            let Some((provider, detected)) = provider::detect(head, &watch.recorder.hosts) else { return };
            let started_at = watch.call.started_at;
            let Some((mut call, reader, meter, _)) =
                Self::prepare(&watch.recorder, (provider, &detected), head, None, &body, started_at)
            else {
                return;
            };
            call.identity = watch.call.identity;
            (watch.call, watch.reader, watch.meter) = (call, reader, meter);
            watch.content = gather(&watch.recorder, provider, head, &body);
            watch.request = body.passing();
            watch.credentials = Credentials::of(head);
        });
    }

    /// The context that the inner call runs in.
    pub(super) const fn context(&self) -> &Context {
        &self.context
    }

    /// Adds the trace's headers to the request, if that was asked for.
    pub(super) fn send_trace_headers(&self, headers: &mut HeaderMap) {
        if self.recorder.send_trace_headers {
            telemetry::inject(&self.context, headers);
        }
    }

    /// The one entry that the response's extensions get.
    pub(super) fn extension(&self) -> WeakHandle {
        WeakHandle(Arc::clone(&self.shared))
    }

    /// The head of the response has come.
    pub(super) fn head(&mut self, status: u16, headers: &HeaderMap) {
        self.observe(|watch| {
            watch.read_request();
            watch.call.outcome.http_status = Some(status);
            watch.reader.headers(headers, &mut watch.call);
            let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            watch.decoder = Some(if status < 400 { Decoder::new(content_type) } else { Decoder::whole() });
            watch.decoded = Decoded::new(headers);
        });
    }

    /// A piece of the response's body has come.
    pub(super) fn data(&mut self, bytes: &[u8]) {
        if !self.decoded.is_plain() {
            return self.decode(|decoded, on_bytes| decoded.push(bytes, on_bytes));
        }
        self.observe(|watch| {
            let (decoder, _, mut reading) = watch.reading();
            if let Some(decoder) = decoder {
                decoder.push(bytes, &mut |message| reading.message(message));
            }
        });
    }

    /// The last piece has come, and nothing follows it.
    pub(super) fn last(&mut self, bytes: &[u8]) {
        if !self.decoded.is_plain() {
            self.data(bytes);
        } else if !self.ended {
            self.observe(|watch| {
                watch.read_request();
                let (decoder, _, mut reading) = watch.reading();
                if let Some(decoder) = decoder {
                    decoder.finish_with(bytes, &mut |message| reading.message(message));
                }
            });
        }
        self.end(Ending::Complete);
    }

    fn decode(&mut self, bytes: impl FnOnce(&mut Decoded, &mut dyn FnMut(&[u8]))) {
        self.observe(|watch| {
            let (decoder, decoded, mut reading) = watch.reading();
            let Some(decoder) = decoder else { return };
            bytes(decoded, &mut |bytes| decoder.push(bytes, &mut |message| reading.message(message)));
        });
    }

    /// What turns bytes into messages, and what takes them.
    fn reading(&mut self) -> (Option<&mut Decoder>, &mut Decoded, Reading<'_>) {
        let clock = (self.lasted.is_none() && !self.decoded.holds_back()).then_some(self.started);
        let Self { call, reader, meter, content, over, decoder, decoded, .. } = self;
        let content = content.as_deref_mut();
        (decoder.as_mut(), decoded, Reading { call, reader: &mut **reader, meter, content, over, clock })
    }

    /// The body has ended, this way. Only the first ending counts.
    pub(super) fn end(&mut self, ending: Ending) {
        if self.ended {
            return;
        }
        self.ended = true;
        self.decode(Decoded::finish);
        let ending = if self.over { Ending::Complete } else { ending };
        self.observe(|watch| {
            watch.read_request();
            let (decoder, _, mut reading) = watch.reading();
            if let Some(decoder) = decoder {
                decoder.finish(&mut |message| reading.message(message));
            }
            watch.decoder = None;
            watch.reader.finish(&mut watch.call);
        });
        self.conclude(ending);
        self.record();
    }

    /// The call failed without a response or in the middle of one.
    pub(super) fn fail(&mut self, kind: &str, message: String) {
        // What a decompressor holds back may say that it was over.
        self.decode(Decoded::finish);
        if !self.ended && !self.over {
            self.call.outcome.error_type = Some(kind.to_owned());
            self.call.outcome.error_message = Some(message);
        }
        self.end(Ending::Failed);
    }

    fn read_request(&mut self) {
        let Some(copied) = self.request.take() else { return };
        match copied.take() {
            Some(bytes) => {
                read_request(&mut *self.reader, &bytes, &mut self.call);
                self.meter.request_kept(&bytes);
                self.recorder.models.apply(&mut self.call);
                if let Some(content) = &mut self.content {
                    content.request(bytes);
                }
            }
            // Not sent to its end yet: there is a next time.
            None => self.request = Some(copied),
        }
    }

    /// Everything that follows from what was read.
    fn conclude(&mut self, ending: Ending) {
        self.recorder.models.apply_to_answer(&mut self.call);
        let lasted = self.lasted.unwrap_or_else(|| self.started.elapsed());
        let call = &mut self.call;
        call.duration = Some(lasted);
        call.ended_at = call.started_at.after(lasted);
        if call.request.stream != Some(true) {
            call.time_to_first_chunk = None;
        }
        let outcome = &mut call.outcome;
        outcome.ending = ending;
        if let Some(status) = outcome.http_status.filter(|status| *status >= 400) {
            outcome.error_type = Some(status.to_string());
        }
        if ending == Ending::Failed && outcome.error_type.is_none() {
            outcome.error_type = Some("_OTHER".to_owned());
        }
        if outcome.error_type.is_some() && outcome.error_message.is_none() {
            outcome.error_message = Some(match outcome.http_status.filter(|status| *status >= 400) {
                Some(status) => http_reason(status),
                None => "the answer broke off".to_owned(),
            });
        }
        if call.outcome.error_type.is_some() {
            self.credentials.take_out_of(call);
        }
        call.usage.check();
        call.usage.source = match (call.usage.is_empty(), ending) {
            (true, _) => UsageSource::None,
            (false, Ending::Complete) if call.usage.source != UsageSource::Partial => UsageSource::Provider,
            (false, _) => UsageSource::Partial,
        };
        let _ = catch_unwind(AssertUnwindSafe(|| self.meter.fill(&mut self.call)));
        let call = &mut self.call;
        call.trust.learn(self.shared.take_trust());
        // Whatever a price list holds, it is not the caller's failure.
        if let Ok(cost) = catch_unwind(AssertUnwindSafe(|| self.recorder.prices.price(&self.call))) {
            self.call.cost = cost;
        }
    }

    /// To the spool first, to the span second.
    fn record(&mut self) {
        let is_call = !self.is_something_else();
        let content = self.content.take().filter(|_| is_call);
        let said = content.and_then(|content| Said::of(*content, &self.recorder, &self.credentials, &mut self.call));
        let sink = self.recorder.sink.as_ref().filter(|_| is_call);
        let row_id = sink.and_then(|sink| {
            let call = &mut self.call;
            catch_unwind(AssertUnwindSafe(|| sink.call(call))).ok().flatten()
        });
        let ended = Ended { at: SystemTime::from(self.call.ended_at), row_id, names: Names::of(&self.call) };
        let trust = std::mem::take(&mut self.call.trust);
        let (of_span, of_row) = said.map_or_else(Default::default, Said::shared_out);
        if let (Some(sink), Some(row_id), Some(captured)) = (sink, row_id, of_row) {
            let _ = catch_unwind(AssertUnwindSafe(|| sink.content(row_id, captured, &self.call)));
        }
        self.shared.end(ended, trust, |span| {
            let finish = || match is_call {
                true => {
                    telemetry::finish(span, &self.call, self.recorder.dialect, row_id);
                    telemetry::content(span, of_span);
                }
                false => telemetry::disown(span),
            };
            let _ = catch_unwind(AssertUnwindSafe(finish));
        });
    }

    /// Runs what only watches: if it panics, the call goes on unwatched.
    fn observe(&mut self, watch: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| watch(self))).is_err() {
            self.decoder = None;
            self.request = None;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end(Ending::Cancelled);
    }
}

fn http_reason(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("HTTP {status} {}", reason.unwrap_or("(no reason given)"))
}
