use std::io::Write;

use flate2::{Compression, write};
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::{ContentDecoder, DECODED_BYTES};

const ENCODINGS: [&str; 6] = ["gzip", "deflate", "bare deflate", "br", "zstd", "identity"];

fn encode(encoding: &str, body: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" => written(write::GzEncoder::new(Vec::new(), Compression::fast()), body, write::GzEncoder::finish),
        "deflate" => {
            written(write::ZlibEncoder::new(Vec::new(), Compression::best()), body, write::ZlibEncoder::finish)
        }
        "bare deflate" => {
            written(write::DeflateEncoder::new(Vec::new(), Compression::fast()), body, write::DeflateEncoder::finish)
        }
        "br" => {
            let mut encoded = Vec::new();
            brotli::CompressorWriter::new(&mut encoded, 4096, 3, 20).write_all(body).unwrap();
            encoded
        }
        "zstd" => compress_to_vec(body, CompressionLevel::Fastest),
        _ => body.to_vec(),
    }
}

fn written<W: Write>(mut encoder: W, body: &[u8], finish: fn(W) -> std::io::Result<Vec<u8>>) -> Vec<u8> {
    encoder.write_all(body).unwrap();
    finish(encoder).unwrap()
}

fn decoder(encoding: &str) -> ContentDecoder {
    ContentDecoder::new(encoding.trim_start_matches("bare ")).unwrap()
}

fn decode(encoding: &str, body: &[u8], piece: usize) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut decoder = decoder(encoding);
    for piece in body.chunks(piece) {
        decoder.push(piece, &mut |bytes| decoded.extend_from_slice(bytes));
    }
    decoder.finish(&mut |bytes| decoded.extend_from_slice(bytes));
    decoded
}

fn events(count: usize) -> Vec<u8> {
    (0..count).flat_map(|i| format!("data: {{\"delta\":\"word {}\",\"at\":{i}}}\n\n", i * i).into_bytes()).collect()
}

#[test]
fn every_encoding_is_decoded_in_any_pieces() {
    for body in [events(3), events(4000)] {
        for encoding in ENCODINGS {
            let encoded = encode(encoding, &body);
            for piece in [1, 7, 4096, encoded.len()] {
                assert!(decode(encoding, &encoded, piece) == body, "{encoding} in pieces of {piece}");
            }
        }
    }
}

#[test]
fn what_has_come_is_decoded_at_once() {
    let first = events(2);
    let mut gzip = write::GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&first).unwrap();
    gzip.flush().unwrap();
    let mut br = brotli::CompressorWriter::new(Vec::new(), 4096, 3, 20);
    br.write_all(&first).unwrap();
    br.flush().unwrap();
    for (encoding, encoded) in [("gzip", gzip.get_ref()), ("br", br.get_ref())] {
        let mut decoded = Vec::new();
        decoder(encoding).push(encoded, &mut |bytes| decoded.extend_from_slice(bytes));
        assert_eq!(decoded, first, "{encoding}");
    }
}

#[test]
fn a_body_that_breaks_off_gives_its_beginning() {
    let body = events(8000);
    for encoding in ENCODINGS {
        let encoded = encode(encoding, &body);
        let decoded = decode(encoding, &encoded[..encoded.len() / 2], 4096);
        assert!(body.starts_with(&decoded) && decoded.len() > body.len() / 4, "{encoding}: {}", decoded.len());
    }
}

#[test]
fn what_the_reference_zstd_makes_is_read_with_and_without_checksum_and_in_frames() {
    let checked = hex(CHECKED_ZSTD);
    let streamed = hex(STREAMED_ZSTD);
    let body = format!(
        "{{\"choices\":[{{\"text\":\"{}\"}}],\"usage\":{{\"total_tokens\":7}}}}",
        "to be or not to be ".repeat(20)
    );
    for piece in [1, 7, 1000] {
        assert_eq!(decode("zstd", &checked, piece), body.as_bytes());
        assert_eq!(decode("zstd", &streamed, piece), body.as_bytes());
        assert_eq!(decode("zstd", &[&checked[..], &streamed, &checked].concat(), piece), body.repeat(3).as_bytes());
    }
}

#[test]
fn a_bomb_is_decoded_in_small_pieces_and_not_to_its_end() {
    let bomb = vec![b' '; 6 << 20];
    for encoding in ["gzip", "deflate", "bare deflate", "br", "zstd"] {
        let encoded = encode(encoding, &bomb);
        let (mut largest, mut total) = (0, 0);
        let mut decoder = decoder(encoding);
        let mut on = |bytes: &[u8]| {
            largest = largest.max(bytes.len());
            total += bytes.len();
        };
        decoder.push(&encoded, &mut on);
        decoder.finish(&mut on);
        assert!(largest <= 128 * 1024 && total == bomb.len(), "{encoding}: {largest} of {total}");

        decoder = super::ContentDecoder {
            total: DECODED_BYTES - 1,
            ..ContentDecoder::new(encoding.trim_start_matches("bare ")).unwrap()
        };
        total = 0;
        decoder.push(&encoded, &mut |bytes| total += bytes.len());
        assert!(total <= 128 * 1024, "{encoding}: {total}");
    }
}

#[test]
fn frames_with_too_large_a_window_are_not_read() {
    let mut frame = hex(STREAMED_ZSTD);
    // The window descriptor: 2^(10 + 20) bytes.
    frame[5] = 20 << 3;
    assert!(decode("zstd", &frame, 1000).is_empty());
}

#[test]
fn a_wrong_checksum_behind_a_body_costs_nothing_of_it() {
    let body = events(300);
    for encoding in ["gzip", "deflate"] {
        let mut encoded = encode(encoding, &body);
        let checksum = encoded.len() - if encoding == "gzip" { 8 } else { 4 };
        encoded[checksum] ^= 1;
        for piece in [usize::MAX, 1000, 1] {
            assert_eq!(decode(encoding, &encoded, piece).len(), body.len(), "{encoding} in pieces of {piece}");
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

const CHECKED_ZSTD: &str = "28b52ffd64b00015020012840d11a0ed90b37298c59a56cea9c2c3bed4df61b58af1f8b6711b779afb747cd589f2a1d483e60720834580fbe33db74fc978dcc478a5d302006636151060f3097d65a6a2";
const STREAMED_ZSTD: &str = "28b52ffd00582d020012440e15a0ab03f1dc02e4b16f2bb5ef1780239e8be4ff0b026b05d74c98f88472ee575dd138c9141856ed4eb6d8b030bfd737f82ae19a88101fa82a02006636151060f309";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn corrupt_data_is_survived(at in any::<prop::sample::Index>(), change in 1..=255_u8, tail in prop::collection::vec(any::<u8>(), 0..100)) {
        let body = events(300);
        for encoding in ENCODINGS {
            let mut encoded = encode(encoding, &body);
            let at = at.index(encoded.len());
            encoded[at] ^= change;
            encoded.extend_from_slice(&tail);
            let (whole, pieces) = (decode(encoding, &encoded, usize::MAX), decode(encoding, &encoded, 5));
            prop_assert!(whole.starts_with(&pieces) || pieces.starts_with(&whole), "{encoding}");
            decode(encoding, &tail, 3);
        }
    }
}
