//! One pass over the folder: read, store, set aside, delete.

use std::{io, sync::Arc};

use super::{
    batch::Batch,
    hold::Hold,
    insert::{Backoff, Halt},
    reader::Reader,
    tell,
    worker::{Worker, look, publish},
};

/// So many segments, at most, wait until they are deleted together.
const DELETED_TOGETHER: usize = 64;

impl Worker<'_> {
    /// Reads everything that is there now and stores it. `false`: something could not be read or deleted.
    pub(super) async fn pass(&mut self, hold: &mut Hold) -> Result<bool, Halt> {
        let Some(listing) = self.look() else { return Ok(false) };
        let (mut batch, mut gone, mut clean) = (Batch::default(), Vec::new(), true);
        for (name, length) in &listing.segments {
            let segment: Arc<str> = name.as_str().into();
            match Reader::open(&self.spool.folder().join(name), self.survey.position(name)) {
                Ok(reader) => clean &= self.read(hold, segment, reader, *length, &mut batch, &mut gone).await?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    self.disk_failed(&error);
                    clean = false;
                }
            }
            if gone.len() >= DELETED_TOGETHER {
                self.commit(hold, &mut batch).await?;
                clean &= self.delete(hold, &mut gone);
            }
        }
        self.commit(hold, &mut batch).await?;
        clean &= self.delete(hold, &mut gone);
        self.look();
        if clean {
            self.disk.ended(self.spool.folder());
            self.shared.update(|state| state.disk_error = None);
        }
        Ok(clean)
    }

    async fn read(
        &mut self,
        hold: &mut Hold,
        segment: Arc<str>,
        mut reader: Reader,
        length: u64,
        batch: &mut Batch,
        gone: &mut Vec<Arc<str>>,
    ) -> Result<bool, Halt> {
        if !reader.is_finished() && self.survey.position(&segment) == length {
            return Ok(true);
        }
        loop {
            match reader.next() {
                Ok(Some(piece)) => batch.add(&segment, piece, self.decode),
                Ok(None) => break,
                Err(error) => {
                    self.disk_failed(&error);
                    return Ok(false);
                }
            }
            batch.reach(&segment, reader.position(), 1);
            if batch.is_full() {
                self.commit(hold, batch).await?;
            }
        }
        batch.reach(&segment, reader.position(), 0);
        if reader.is_finished() {
            gone.push(segment);
        }
        Ok(true)
    }

    /// Stores a batch, and sets aside what the store refuses. Only then it counts as done.
    async fn commit(&mut self, hold: &mut Hold, batch: &mut Batch) -> Result<(), Halt> {
        let (survey, spool, shared) = (&mut self.survey, self.spool, self.shared);
        let poison = self.inserter.insert(&batch.records, || drop(look(survey, spool, shared, |_| true))).await?;
        batch.set_aside(poison);
        let mut backoff = Backoff::default();
        loop {
            match hold.asides.keep(&batch.asides) {
                Ok(0) => break,
                Ok(lines) => {
                    let reason = batch.asides.first().map_or("", |aside| &aside.reason);
                    tell::set_aside(self.spool.folder(), lines, reason);
                    break;
                }
                Err(error) => {
                    self.disk_failed(&error);
                    self.check()?;
                    self.shared.rest(backoff.next()).await;
                }
            }
        }
        self.survey.reached(&batch.reached);
        self.shared.update(|state| state.set_aside = hold.asides.count());
        publish(&self.survey, self.spool.counts.written(), self.shared);
        *batch = Batch::default();
        // Who watches gets a look at it, also where the store never waits.
        tokio::task::yield_now().await;
        Ok(())
    }

    /// Deletes segments that are wholly stored.
    fn delete(&mut self, hold: &mut Hold, gone: &mut Vec<Arc<str>>) -> bool {
        let mut clean = true;
        for segment in gone.drain(..) {
            match std::fs::remove_file(self.spool.folder().join(&*segment)) {
                Ok(()) => {
                    self.survey.forget(&segment);
                    hold.asides.forget(&segment);
                }
                Err(error) => {
                    self.disk_failed(&error);
                    clean = false;
                }
            }
        }
        clean
    }
}
