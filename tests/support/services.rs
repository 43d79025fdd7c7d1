//! Real services, each started by the test that needs it, on ports and in a folder of its own, and stopped with it.
//!
//! `scripts/test` finds or builds the programs and names them in `SPANLEDGER_JAEGER`, `SPANLEDGER_OTELCOL`,
//! `SPANLEDGER_OLLAMA` and `SPANLEDGER_TINY_MODEL`; without these, `scripts/services` is asked.
#![expect(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "a test fails by panicking")]

use std::{
    env, fs,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A process group that ends with its owner, also when the test panics.
pub struct Service(Child);

impl Service {
    /// Starts a program; what it says goes to a file beside its data.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let log = fs::File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}")))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::yield_now();
        }
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

/// The path of a program or folder that `scripts/services` knows.
pub fn path(name: &str) -> PathBuf {
    let variable = format!("SPANLEDGER_{}", name.to_uppercase().replace('-', "_"));
    if let Some(path) = env::var_os(variable) {
        return path.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/services");
    let output = Command::new(script).arg(name).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "scripts/services could not provide {name}");
    let line = String::from_utf8(output.stdout).unwrap();
    line.trim().split_once('=').unwrap_or_else(|| panic!("{line:?}")).1.into()
}

/// An address on loopback that was free a moment ago.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Asks until the answer is there, or panics after 30 seconds.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within 30 seconds: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a URL answers with success.
pub async fn answers(url: &str) {
    eventually(url, async || reqwest::get(url).await.ok().filter(|response| response.status().is_success()).map(drop))
        .await;
}
