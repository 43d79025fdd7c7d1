//! Single fields of a request that is sent as `multipart/form-data`: uploads of images and audio.
//!
//! Only short text fields are looked for, by their names; files are passed over.

use memchr::memmem;

use super::{fill, lenient::Text, openai};
use crate::call::Call;

/// Reads a request of OpenAI's that is JSON or a form.
pub(super) fn or_json(body: &[u8], call: &mut Call) {
    if !body.starts_with(b"--") {
        return openai::request(body, call);
    }
    let text = |name| Text::from(field(body, name).unwrap_or_default().to_owned());
    fill::request_model(call, &text("model"));
    call.request.stream = Some(field(body, "stream").is_some_and(|stream| stream.eq_ignore_ascii_case("true")));
    call.request.temperature = field(body, "temperature").and_then(|number| number.parse().ok());
}

/// A text field's value.
pub(super) fn field<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let name = format!("name=\"{name}\"");
    let head = &body[memmem::find(body, name.as_bytes())? + name.len()..];
    let value = &head[memmem::find(head, b"\r\n\r\n")? + 4..];
    let value = &value[..memmem::find(value, b"\r\n")?];
    std::str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fields_are_found_between_files() {
        let form = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n\
            RIFF\xff\xfe\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\n\
            Content-Disposition: form-data; name=\"temperature\"\r\nContent-Type: text/plain\r\n\r\n0.5\r\n--b--\r\n";
        let mut call = Call::default();
        or_json(form, &mut call);
        assert_eq!(
            (call.request.model.as_deref(), call.request.stream, call.request.temperature),
            (Some("whisper-1"), Some(false), Some(0.5))
        );
    }

    #[test]
    fn a_form_that_breaks_off_has_no_value() {
        assert_eq!(field(b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhis", "model"), None);
        assert_eq!(field(b"--b\r\nname=\"model\"", "model"), None);
    }
}
