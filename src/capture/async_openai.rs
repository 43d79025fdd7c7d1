//! async-openai's `HttpRequestFactory` as a tower request.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use async_openai::{error::OpenAIError, middleware::HttpRequestFactory};
use reqwest::Response;
use tower_service::Service;

use super::{
    recorder::Recorder,
    reqwest::{begin, fail, rebuilt, watched},
    service::AiCallService,
    watch::Watch,
};

impl<S> Service<HttpRequestFactory> for AiCallService<S>
where
    S: Service<HttpRequestFactory, Response = Response, Error = OpenAIError>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let seen = Arc::new(Mutex::new(None));
        let future = self.inner.call(looked_at(factory, Arc::clone(&self.recorder), Arc::clone(&seen)));
        Box::pin(async move {
            let mut future = std::pin::pin!(future);
            let result = poll_fn(|cx| {
                loop {
                    let call =
                        seen.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Watch::context).cloned();
                    let is_inside = call.is_some();
                    let _inside = call.map(opentelemetry::Context::attach);
                    let polled = future.as_mut().poll(cx);
                    let began = !is_inside && seen.lock().unwrap_or_else(PoisonError::into_inner).is_some();
                    if polled.is_ready() || !began {
                        return polled;
                    }
                }
            })
            .await;
            let watch: Option<Watch> = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
            match (result, watch) {
                (Ok(response), Some(watch)) => Ok(watched(response, watch)),
                (Err(error), Some(mut watch)) => {
                    match &error {
                        OpenAIError::Reqwest(error) => fail(&mut watch, error),
                        _ => watch.fail("request", "the request could not be sent".to_owned()),
                    }
                    Err(error)
                }
                (result, None) => result,
            }
        })
    }
}

/// The same factory, whose requests are looked at as they are built. A request is never built only to be looked at; of
/// several builds (a retry beneath this layer) the last one counts: it is the one that is answered.
fn looked_at(
    factory: HttpRequestFactory,
    recorder: Arc<Recorder>,
    seen: Arc<Mutex<Option<Watch>>>,
) -> HttpRequestFactory {
    HttpRequestFactory::new(move || {
        let (factory, recorder, seen) = (factory.clone(), Arc::clone(&recorder), Arc::clone(&seen));
        async move {
            let mut request = factory.build().await?;
            if look(&mut request, &recorder, &seen) {
                once_more().await;
            }
            Ok(request)
        }
    })
}

/// Looks at a request that was built. Whether a call began with it.
fn look(request: &mut reqwest::Request, recorder: &Arc<Recorder>, seen: &Mutex<Option<Watch>>) -> bool {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let began = match &mut *seen {
        Some(watch) => {
            rebuilt(watch, request);
            false
        }
        None => {
            *seen = begin(recorder, request, None);
            seen.is_some()
        }
    };
    if let Some(watch) = &*seen {
        watch.send_trace_headers(request.headers_mut());
    }
    began
}

/// Has the service polled anew before it sends the request, because only then it runs inside the call.
fn once_more() -> impl Future<Output = ()> + Send {
    let mut polled = false;
    poll_fn(move |cx| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}
