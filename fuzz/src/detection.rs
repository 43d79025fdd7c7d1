//! Whether a request is an AI call: host, port, path, query and headers are anything at all.

use http::{HeaderMap, HeaderName, HeaderValue};
use spanledger::{
    Hosts,
    provider::{Detected, RequestHead, detect},
};

/// What a query holds that must never get into a call.
const KEY: &str = "key-of-the-query-9876543210";

/// Lines: host, path, then a header each.
pub fn detect_any(input: &[u8]) {
    let Some((port, text)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let mut lines = text.split('\n');
    let host = lines.next().unwrap_or_default().to_ascii_lowercase();
    let path = format!("/{}", lines.next().unwrap_or_default());
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Some((name, value)) = line.split_once(':')
            && let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value))
        {
            headers.append(name, value);
        }
    }
    let port = [None, Some(11434), Some(8000), Some(443)][usize::from(*port & 3)];
    let query = format!("key={KEY}");
    let head = RequestHead { method: "POST", host: &host, port, path: &path, query: Some(&query), headers: &headers };
    let taken = taken_for(&head, &Hosts::default());

    let doubled = path.replace('/', "//") + "/";
    assert_eq!(taken_for(&RequestHead { path: &doubled, ..head }, &Hosts::default()), taken, "{path}");
    assert_eq!(taken_for(&RequestHead { method: "GET", ..head }, &Hosts::default()), None);
    if let Some((_, detected)) = &taken {
        assert!(!format!("{detected:?}").contains(KEY));
        assert!(detected.model.as_ref().is_none_or(|model| model.len() <= 600), "{detected:?}");
    }
    // With a colon or a bracket a name says a port or an address too.
    if !host.is_empty() && !host.contains([':', '[', ']']) {
        let named = taken_for(&head, &Hosts::default().name(&*host, "mine"));
        assert_eq!(named.is_some(), taken.is_some());
        assert!(named.is_none_or(|(_, detected)| detected.provider == "mine" && detected.certain));
    }
}

fn taken_for(head: &RequestHead<'_>, hosts: &Hosts) -> Option<(&'static str, Detected)> {
    detect(head, hosts).map(|(provider, detected)| (provider.name(), detected))
}
