//! The same of the recorded streams of real providers, cut at places by chance: they are longer than ours.

use std::collections::BTreeMap;

use spanledger::{
    Recorder,
    call::{Ending, Timestamp, UsageSource},
};

use crate::{
    chance::Chance,
    exchanges::{self, Recorded},
};

/// Cuts of one stream.
const CUTS: usize = 60;

#[derive(Default)]
struct Tally {
    streams: usize,
    bytes: usize,
    cuts: usize,
}

#[test]
fn a_recorded_stream_cut_anywhere_gives_the_call_of_the_beginning_however_it_comes() {
    let Some(recorded) = exchanges::all() else {
        println!("{}", exchanges::NONE);
        return;
    };
    let seed = Chance::seed();
    println!("SPANLEDGER_SEED={seed} makes the same cuts again");
    let (mut chance, recorder) = (Chance::new(seed), Recorder::new());
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for stream in recorded.iter().filter(|exchange| exchange.streamed) {
        let began = Timestamp::now();
        let call = |chunks, ending| stream.inspect(&recorder, chunks, ending, began);
        let body = &stream.response_body[..];
        let Some(whole) = call(vec![body], Ending::Cancelled) else { continue };
        let complete = call(vec![body], Ending::Complete).unwrap();
        assert_eq!(complete.usage.input_tokens, whole.usage.input_tokens, "{}: the end says no more", stream.name);
        let tally = tallies.entry(&stream.protocol).or_default();
        (tally.streams, tally.bytes) = (tally.streams + 1, tally.bytes + body.len());
        let mut over = false;
        for cut in places(stream, &mut chance) {
            let what = format!("{} cut at {cut}, SPANLEDGER_SEED={seed}", stream.name);
            let beginning = &body[..cut];
            let at_once = call(vec![beginning], Ending::Cancelled);
            let (head, tail) = beginning.split_at(chance.below(cut));
            let (tail, end) = tail.split_at(chance.below(tail.len()));
            assert_eq!(call(vec![head, tail, b"", end], Ending::Cancelled), at_once, "{what}");
            let at_once = at_once.unwrap();
            let is_over = at_once.outcome.ending == Ending::Complete;
            assert!(is_over || !over, "{what}: what was over stays so");
            let is_counted = at_once.usage.source != UsageSource::Estimated;
            assert!(!is_counted || at_once.usage.output_tokens <= whole.usage.output_tokens, "{what}");
            over |= is_over;
            tally.cuts += 1;
        }
    }
    println!("{:20} {:>7} {:>8} {:>6}", "protocol", "streams", "bytes", "cuts");
    for (protocol, Tally { streams, bytes, cuts }) in &tallies {
        println!("{protocol:20} {streams:>7} {bytes:>8} {cuts:>6}");
    }
    assert!(tallies.len() >= 5, "streams of several protocols are recorded");
}

/// Where a stream is cut, in order, its end among them.
fn places(stream: &Recorded, chance: &mut Chance) -> Vec<usize> {
    let length = stream.response_body.len();
    let mut places: Vec<usize> = (0..CUTS.min(length)).map(|_| chance.below(length)).collect();
    places.push(length);
    places.sort_unstable();
    places.dedup();
    places
}
