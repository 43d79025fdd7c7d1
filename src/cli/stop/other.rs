//! Ctrl-C.

use std::{future::pending, io};

/// Knows when the process is asked to stop.
#[derive(Debug)]
pub(in crate::cli) struct Stop(());

impl Stop {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(in crate::cli) fn new() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Waits until it is asked, each time anew.
    pub(in crate::cli) async fn asked(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    }
}
