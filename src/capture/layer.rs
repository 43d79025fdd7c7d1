//! The tower layer.

use std::sync::Arc;

use tower_layer::Layer;

use super::{recorder::Recorder, service::AiCallService};

/// Watches the AI calls of the service beneath it.
///
/// Over any HTTP client that is a tower service of `http::Request`: the inner service is given
/// `http::Request<RequestBody<B>>`, the caller gets `http::Response<ResponseBody<B2>>`. With the feature `reqwest-tower`, also
/// over `reqwest::Client` as a service of `reqwest::Request`; with `async-openai`, over its `HttpRequestFactory`.
///
/// ```
/// use spanledger::AiCallLayer;
/// use tower::ServiceBuilder;
/// # use hyper_util::{client::legacy::Client, rt::TokioExecutor};
/// use http_body_util::Full;
/// use spanledger::RequestBody;
///
/// // The hyper client's type names the body that reaches it.
/// let client: Client<_, RequestBody<Full<bytes::Bytes>>> =
///     Client::builder(TokioExecutor::new()).build_http();
/// let service = ServiceBuilder::new().layer(AiCallLayer::new()).service(client);
/// ```
#[derive(Clone, Debug)]
pub struct AiCallLayer(Arc<Recorder>);

impl AiCallLayer {
    /// A layer that emits spans only, with the defaults of [`Recorder::new`].
    #[must_use]
    pub fn new() -> Self {
        Recorder::new().into()
    }
}

impl Default for AiCallLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Recorder> for AiCallLayer {
    fn from(recorder: Recorder) -> Self {
        recorder.warm();
        Self(Arc::new(recorder))
    }
}

impl<S> Layer<S> for AiCallLayer {
    type Service = AiCallService<S>;

    fn layer(&self, inner: S) -> AiCallService<S> {
        AiCallService { inner, recorder: Arc::clone(&self.0) }
    }
}
