//! One price of the user's own.

use super::tariff::Tariff;
use crate::{
    call::{Call, Cost, Name, PricingStatus, Timestamp, UsageSource},
    pricing::{by_name, glob},
};

/// One `[[price]]`.
#[derive(Clone, Debug)]
pub(in crate::pricing) struct Entry {
    pub(super) provider: Option<String>,
    pub(super) model: String,
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) tariff: Tariff,
    /// Where its file has it.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only a file that is checked has lines"))]
    pub(super) line: usize,
    /// Which of its file it is, from 1.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only a file that is checked has numbers"))]
    pub(super) number: usize,
    /// `price_source`.
    pub(super) source: String,
    /// `price_version`.
    pub(super) version: String,
}

impl Entry {
    /// Whether it holds for this call if the model is called `name`.
    pub(super) fn covers(&self, call: &Call, name: &str) -> bool {
        self.from.is_none_or(|from| call.started_at >= from)
            && self.until.is_none_or(|until| call.started_at < until)
            && self.provider.as_ref().is_none_or(|provider| glob::fits(provider, &call.provider))
            && glob::fits(&self.model, name)
    }

    /// What the call costs by it.
    pub(super) fn cost(&self, call: &Call) -> Cost {
        let bill = self.tariff.bill(call);
        let cut_off = call.usage.source == UsageSource::Partial && !self.tariff.is_zero();
        Cost {
            total: bill.total,
            input: bill.input,
            output: bill.output,
            status: Some(match bill.total {
                None => PricingStatus::Unpriced,
                Some(_) if bill.gap || cut_off => PricingStatus::Partial,
                Some(_) => by_name(call, &self.model),
            }),
            price_source: Some(Name::Owned(self.source.clone())),
            price_version: Some(self.version.clone()),
        }
    }
}
