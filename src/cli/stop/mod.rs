//! When a program that serves is asked to stop.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use other::Stop;
#[cfg(unix)]
pub(super) use unix::Stop;
