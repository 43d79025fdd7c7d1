//! What kind of failure an error of somebody else's service is, in the words that the ways over reqwest have: `error.type`
//! is to be one of few.
//!
//! A tower service may fail with any type. What can be looked into (errors of the standard library and of hyper, boxes of any
//! error) is asked for its causes; of a type that nobody knows, its name is all there is to say.

use std::{
    any::{Any, type_name},
    error::Error,
    io, iter,
};

use super::hyper_error;

/// What one error of a chain tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Timeout,
    Connect,
    /// It broke while it was sent or received.
    Exchange,
}

/// No head came: what kind of failure it was, in words that hold no URL.
pub(super) fn of_call<E: 'static>(error: &E) -> (&'static str, String) {
    let (kind, what) = match kind(error) {
        Some(Kind::Timeout) => ("timeout", "the request timed out"),
        Some(Kind::Connect) => ("connect", "could not connect"),
        Some(Kind::Exchange) => ("request", "the request could not be sent"),
        None => (type_name::<E>(), "no answer came"),
    };
    // The root is the system's, and names no URL.
    let root = chain(error).last().and_then(|root| root.downcast_ref::<io::Error>());
    (kind, root.map_or_else(|| what.to_owned(), |root| format!("{what}: {root}")))
}

/// The body broke.
pub(super) fn of_body<E: 'static>(error: &E) -> &'static str {
    match kind(error) {
        Some(Kind::Timeout) => "timeout",
        Some(Kind::Connect | Kind::Exchange) => "body",
        None => type_name::<E>(),
    }
}

/// What the chain tells; that time ran out says more than that there was no connection, and that more than the rest.
fn kind<E: 'static>(error: &E) -> Option<Kind> {
    let kinds: Vec<_> = chain(error).filter_map(of_one).collect();
    [Kind::Timeout, Kind::Connect, Kind::Exchange].into_iter().find(|kind| kinds.contains(kind))
}

/// The error and its causes, if it is of a type that is known to be an error.
fn chain<E: 'static>(error: &E) -> impl Iterator<Item = &(dyn Error + 'static)> {
    iter::successors(known(error), |&error| error.source())
}

fn known(error: &dyn Any) -> Option<&(dyn Error + 'static)> {
    let boxed = || error.downcast_ref::<Box<dyn Error + Send + Sync>>().map(|error| &**error as &dyn Error);
    let system = || error.downcast_ref::<io::Error>().map(|error| error as &dyn Error);
    hyper_error::known(error).or_else(boxed).or_else(system)
}

fn of_one(error: &(dyn Error + 'static)) -> Option<Kind> {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable, TimedOut,
    };
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return Some(match error.kind() {
            TimedOut => Kind::Timeout,
            ConnectionRefused | HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable => Kind::Connect,
            _ => Kind::Exchange,
        });
    }
    // The timeouts of tower and of tokio, neither of which this feature depends on.
    let elapsed = || format!("{error:?}").starts_with("Elapsed(").then_some(Kind::Timeout);
    hyper_error::of_one(error).or_else(elapsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Box<dyn Error + Send + Sync> {
        error.into()
    }

    #[test]
    fn the_cause_names_the_failure_where_it_can_be_known() {
        for (error, kind, message) in [
            (io::ErrorKind::ConnectionRefused, "connect", "could not connect: connection refused"),
            (io::ErrorKind::TimedOut, "timeout", "the request timed out: timed out"),
            (io::ErrorKind::BrokenPipe, "request", "the request could not be sent: broken pipe"),
        ] {
            let told = (kind, message.to_owned());
            assert_eq!(of_call(&io::Error::from(error)), told);
            assert_eq!(of_call(&boxed(io::Error::from(error))), told, "in a box");
        }
    }

    #[tokio::test]
    async fn a_timeout_is_one_whoever_kept_the_time() {
        let error = tokio::time::timeout(std::time::Duration::ZERO, std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(of_call(&boxed(error)), ("timeout", "the request timed out".to_owned()));
        let service = tower::timeout::Timeout::new(
            tower::service_fn(|()| std::future::pending::<Result<(), io::Error>>()),
            std::time::Duration::ZERO,
        );
        let error = tower::ServiceExt::oneshot(service, ()).await.unwrap_err();
        assert_eq!((of_call(&error).0, of_body(&error)), ("timeout", "timeout"));
    }

    #[test]
    fn of_what_is_unknown_the_type_is_told_and_never_its_words() {
        #[derive(Debug)]
        struct Mine(#[expect(dead_code, reason = "it is there to be kept out")] &'static str);
        let (kind, message) = of_call(&Mine("https://host/?key=secret"));
        assert!(kind.ends_with("::Mine") && message == "no answer came", "{kind}: {message}");
        let (kind, message) = of_call(&boxed("https://host/?key=secret"));
        assert!(kind.contains("Box") && message == "no answer came", "{kind}: {message}");
        assert_eq!(of_body(&boxed(io::Error::from(io::ErrorKind::UnexpectedEof))), "body");
    }
}
