//! Ctrl-C, and what a service manager sends.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Knows when the process is asked to stop, from the moment it is made.
#[derive(Debug)]
pub(in crate::cli) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    pub(in crate::cli) fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits until it is asked, each time anew.
    pub(in crate::cli) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
