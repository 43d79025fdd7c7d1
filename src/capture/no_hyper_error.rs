//! Without the feature that has hyper, its errors are strangers.

use std::{any::Any, error::Error};

use super::cause::Kind;

pub(super) const fn known(_: &dyn Any) -> Option<&(dyn Error + 'static)> {
    None
}

pub(super) const fn of_one(_: &(dyn Error + 'static)) -> Option<Kind> {
    None
}
