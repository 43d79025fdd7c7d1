//! Chance that can be repeated: a small generator of numbers with a seed.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of this module")]

use std::hash::{BuildHasher as _, RandomState};

/// SplitMix64: enough for cutting bodies into pieces.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed that `SPANLEDGER_SEED` names, else a new one; a test prints it, so that it can be run again.
    pub fn seed() -> u64 {
        let told = std::env::var("SPANLEDGER_SEED").ok();
        told.map_or_else(|| RandomState::new().hash_one(0), |told| told.parse().unwrap())
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % end.max(1) as u64) as usize
    }
}
