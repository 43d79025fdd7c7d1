//! The drain's work: pass after pass over the folder.

use std::{io, time::Duration};

use super::{
    Decode, Spool,
    folder::Listing,
    hold::Hold,
    insert::{Halt, Inserter},
    reader::is_let_go,
    roll_up::RollUp,
    shared::{Migration, Shared},
    survey::Survey,
    tell::Trouble,
};
use crate::store::Store;

/// How often the folder is looked at for the segments of other processes.
const LOOK: Duration = Duration::from_millis(500);
/// How long lines may gather before a pass, so that a store gets batches and an append seldom has to wake us.
const GATHER: Duration = Duration::from_millis(20);

/// One drain at work.
pub(super) struct Worker<'a> {
    pub(super) spool: &'a Spool,
    pub(super) shared: &'a Shared,
    pub(super) inserter: Inserter<'a>,
    pub(super) decode: &'a Decode,
    pub(super) survey: Survey,
    pub(super) disk: Trouble,
    roll_up: RollUp,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        spool: &'a Spool,
        shared: &'a Shared,
        store: &'a dyn Store,
        decode: &'a Decode,
        patience: Option<Duration>,
    ) -> Self {
        let inserter =
            Inserter { store, shared, folder: spool.folder(), trouble: Trouble::store_unavailable(), patience };
        Self {
            spool,
            shared,
            inserter,
            decode,
            survey: Survey::default(),
            disk: Trouble::disk(),
            roll_up: RollUp::new(),
        }
    }

    /// Drains until it is told to stop.
    pub(super) async fn run(&mut self) -> Halt {
        match self.forever().await {
            Ok(never) => match never {},
            Err(halt) => halt,
        }
    }

    async fn forever(&mut self) -> Result<std::convert::Infallible, Halt> {
        self.migrate().await?;
        loop {
            match Hold::take(self.spool.folder()) {
                Ok(Some(mut hold)) => self.drain(&mut hold).await?,
                Ok(None) => self.follow().await?,
                Err(error) => {
                    self.disk_failed(&error);
                    self.shared.rest(LOOK).await;
                }
            }
            self.check()?;
        }
    }

    pub(super) async fn migrate(&mut self) -> Result<(), Halt> {
        let (survey, spool, shared) = (&mut self.survey, self.spool, self.shared);
        self.inserter.migrate(|| drop(look(survey, spool, shared, |_| true))).await?;
        self.survey = Survey::default();
        self.shared.update(|state| state.migration = Migration::Done);
        Ok(())
    }

    /// We drain, as long as the folder can be read.
    async fn drain(&mut self, hold: &mut Hold) -> Result<(), Halt> {
        self.survey = Survey::default();
        self.shared.update(|state| {
            state.draining = true;
            state.set_aside = hold.asides.count();
        });
        loop {
            self.check()?;
            self.spool.look_out();
            let asked = self.shared.state().asked;
            self.spool.settle();
            let nothing_in_memory = self.spool.counts.in_memory() == 0;
            let clean = self.pass(hold).await?;
            if clean && nothing_in_memory {
                self.shared.update(|state| state.answered = state.answered.max(asked));
            }
            let sums_wait = !self.pending() && self.roll_up.some(self.inserter.store, self.spool.folder()).await;
            if sums_wait || self.pending() {
                // Not everything is on disk, or it cannot be read: no use to hurry.
                self.shared.rest(GATHER).await;
            } else {
                self.spool.appended(LOOK).await;
                if !self.pending() {
                    self.shared.rest(GATHER).await;
                }
            }
        }
    }

    /// Another one drains: all we can do is to let go of our segments, and to see them vanish with all that nobody writes
    /// to any more.
    async fn follow(&mut self) -> Result<(), Halt> {
        self.shared.update(|state| state.draining = false);
        let (asked, answered) = self.shared.update(|state| (state.asked, state.answered));
        if asked == answered {
            self.spool.settle();
            self.look_at_ours();
            self.shared.rest(LOOK).await;
            return Ok(());
        }
        loop {
            self.spool.settle();
            if self.spool.counts.in_memory() == 0 {
                break;
            }
            self.check()?;
            self.shared.rest(GATHER).await;
        }
        self.spool.roll();
        while self.look_at_ours().is_none() {
            self.check()?;
            self.shared.rest(GATHER).await;
        }
        let awaited = self.survey.names();
        while awaited.iter().any(|segment| self.survey.has(segment)) {
            self.check()?;
            if let Ok(Some(_)) = Hold::take(self.spool.folder()) {
                // The other one is gone: the work is ours.
                return Ok(());
            }
            self.shared.rest(GATHER).await;
            self.look_at_ours();
        }
        self.shared.update(|state| state.answered = state.answered.max(asked));
        Ok(())
    }

    /// Looks what lies in the folder and publishes what waits.
    pub(super) fn look(&mut self) -> Option<Listing> {
        self.look_at(|_| true)
    }

    /// Leaves out what other writers still append to: it may stay for hours.
    fn look_at_ours(&mut self) -> Option<Listing> {
        let spool = self.spool;
        self.look_at(|segment| spool.owns(segment) || is_let_go(&spool.folder().join(segment)))
    }

    fn look_at(&mut self, counts: impl Fn(&str) -> bool) -> Option<Listing> {
        look(&mut self.survey, self.spool, self.shared, counts).map_err(|error| self.disk_failed(&error)).ok()
    }

    fn pending(&self) -> bool {
        let state = self.shared.state();
        state.asked > state.answered
    }

    pub(super) fn check(&self) -> Result<(), Halt> {
        if self.shared.is_stopping() { Err(Halt::Stopped) } else { Ok(()) }
    }

    pub(super) fn disk_failed(&self, error: &io::Error) {
        self.disk.began(self.spool.folder(), error);
        self.shared.update(|state| state.disk_error = Some(error.to_string()));
    }
}

pub(super) fn look(
    survey: &mut Survey,
    spool: &Spool,
    shared: &Shared,
    is_ours: impl Fn(&str) -> bool,
) -> io::Result<Listing> {
    // In this order: a line that comes in between is counted twice for a moment, never not at all.
    let written = spool.counts.written();
    let listing = spool.counts.list(spool.folder())?;
    survey.update(spool.folder(), &listing, is_ours);
    publish(survey, written, shared);
    Ok(listing)
}

pub(super) fn publish(survey: &Survey, written: u64, shared: &Shared) {
    shared.update(|state| {
        state.waiting = survey.waiting();
        state.written = written;
        state.oldest = survey.oldest();
    });
}
