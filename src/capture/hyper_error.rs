//! What hyper's errors tell of themselves.

use std::{any::Any, error::Error};

use hyper_util::client::legacy;

use super::cause::Kind;

/// The error, if it is one of hyper's.
pub(super) fn known(error: &dyn Any) -> Option<&(dyn Error + 'static)> {
    let of_connection = || error.downcast_ref::<hyper::Error>().map(|error| error as &dyn Error);
    error.downcast_ref::<legacy::Error>().map(|error| error as &dyn Error).or_else(of_connection)
}

/// What it tells, without its causes.
pub(super) fn of_one(error: &(dyn Error + 'static)) -> Option<Kind> {
    let of_client = |error: &legacy::Error| if error.is_connect() { Kind::Connect } else { Kind::Exchange };
    let of_connection = |error: &hyper::Error| if error.is_timeout() { Kind::Timeout } else { Kind::Exchange };
    error.downcast_ref().map(of_client).or_else(|| error.downcast_ref().map(of_connection))
}
