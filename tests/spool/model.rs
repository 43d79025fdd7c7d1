//! The spool against a `Vec`: whatever happens in whatever order, the same numbers come out.

use std::{collections::BTreeSet, fs::OpenOptions, io::Write};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Action {
    /// Appends so many lines with so much in them.
    Append { lines: u8, size: u16 },
    /// The process dies, in the middle of this write, and another one opens the folder.
    Crash { torn: Vec<u8> },
    /// The store takes what is there, after failing so often and losing so many answers.
    Drain { failures: u32, lost: u32 },
    /// The store refuses the next number.
    Poison,
    /// A stranger puts a file of his own there: so many lines, without checksums.
    Import(u8),
}

fn action() -> impl Strategy<Value = Action> {
    let torn = prop_oneof![
        Just(Vec::new()),
        Just(vec![0; 300]),
        Just(b"{\"n\":99999,\"crc32c\":1".to_vec()),
        "[a-z{}:\" ]{1,20}".prop_map(String::into_bytes),
    ];
    prop_oneof![
        5 => (1..20u8, 0..2_000u16).prop_map(|(lines, size)| Action::Append { lines, size }),
        2 => torn.prop_map(|torn| Action::Crash { torn }),
        2 => (0..2u32, 0..2u32).prop_map(|(failures, lost)| Action::Drain { failures, lost }),
        1 => Just(Action::Poison),
        1 => (1..20u8).prop_map(Action::Import),
    ]
}

/// The folder under test, and what it must come to.
struct Model {
    folder: tempfile::TempDir,
    spool: Option<Arc<Spool>>,
    store: Memory,
    appended: Vec<u64>,
    torn: usize,
}

impl Model {
    fn number(&mut self) -> u64 {
        self.appended.push(self.appended.len() as u64);
        self.appended.len() as u64 - 1
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Append { lines, size } => {
                for _ in 0..lines {
                    let number = self.number();
                    let line = format!("{{\"n\":{number},\"x\":\"{}\"}}", "x".repeat(size.into()));
                    self.spool.get_or_insert_with(|| spool(self.folder.path())).append(line.into_bytes()).unwrap();
                }
            }
            Action::Crash { torn } => {
                self.spool = None;
                if let Some(segment) = segments(self.folder.path()).last()
                    && !torn.is_empty()
                {
                    OpenOptions::new().append(true).open(segment).unwrap().write_all(&torn).unwrap();
                    // After a crash nobody writes there, but a second crash may tear the same file again.
                    OpenOptions::new().append(true).open(segment).unwrap().write_all(b"\n").unwrap();
                    self.torn += usize::from(!torn.trim_ascii().is_empty());
                }
            }
            Action::Drain { failures, lost } => {
                let mut inner = self.store.lock();
                (inner.fail, inner.lose_answer) = (failures, lost);
                drop(inner);
                drain(self.folder.path(), &self.store);
            }
            Action::Poison => {
                self.store.lock().refuse.insert(self.appended.len() as u64);
            }
            Action::Import(lines) => {
                let content: Vec<u8> =
                    (0..lines).flat_map(|_| [line(self.number()), b"\n".to_vec()].concat()).collect();
                std::fs::write(self.folder.path().join(format!("import-{}.jsonl", self.appended.len())), content)
                    .unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_each_line_is_stored_once_or_set_aside_once(actions in proptest::collection::vec(action(), 1..25)) {
        let mut model = Model {
            folder: tempfile::tempdir().unwrap(),
            spool: None,
            store: Memory::default(),
            appended: Vec::new(),
            torn: 0,
        };
        for action in actions {
            model.act(action);
        }
        model.spool = None;
        model.act(Action::Drain { failures: 0, lost: 0 });
        let drained = drain(model.folder.path(), &model.store);

        let inner = model.store.lock();
        let refused: BTreeSet<_> = model.appended.iter().filter(|number| inner.refuse.contains(number)).collect();
        let stored: BTreeSet<_> = inner.rows.keys().collect();
        prop_assert!(model.appended.iter().filter(|number| !refused.contains(number)).eq(stored.iter().copied()));
        prop_assert_eq!(drained.set_aside as usize, model.torn + refused.len());
        prop_assert!(segments(model.folder.path()).is_empty());
    }
}
