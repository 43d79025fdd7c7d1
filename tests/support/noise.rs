//! A real Ollama with a model that says nothing of worth.
#![expect(clippy::unwrap_used, unreachable_pub, reason = "a test fails by panicking")]

use std::process::Command;

use crate::services::{Service, answers, free_address, path};

/// Starts Ollama with a tiny model named `noise`. Its address is a host and a port.
pub async fn ollama(folder: &std::path::Path) -> (Service, String) {
    let address = free_address();
    let models = folder.join("models");
    let environment =
        [("OLLAMA_HOST", address.as_ref()), ("OLLAMA_MODELS", models.as_os_str()), ("HOME", folder.as_os_str())];
    let program = path("ollama");
    let serve = Service::start(Command::new(&program).arg("serve").envs(environment), &folder.join("ollama.log"));
    answers(&format!("http://{address}/api/version")).await;
    let create = Command::new(&program)
        .args(["create".as_ref(), "noise".as_ref(), "-f".as_ref(), path("tiny-model").join("Modelfile").as_os_str()])
        .envs(environment)
        .output()
        .unwrap();
    assert!(create.status.success(), "{}", String::from_utf8_lossy(&create.stderr));
    (serve, address)
}
