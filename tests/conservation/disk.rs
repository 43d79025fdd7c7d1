//! File systems of our own: small ones, read-only ones, frozen ones. They take root.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::world::eventually;

/// A file system in a folder, until it is dropped.
pub(crate) struct Disk {
    folder: TempDir,
    mounted: PathBuf,
}

impl Disk {
    /// One in memory, of so many KiB. `None`, and a line that says so: none can be mounted here.
    pub(crate) fn in_memory(kib: u32) -> Option<Self> {
        let disk = Self::new();
        let size = format!("size={kib}k");
        let mounted = run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs"], &disk.mounted);
        disk.if_so(mounted, "no tmpfs can be mounted here")
    }

    /// One in a file, which can be frozen, and its folders fixed.
    pub(crate) fn in_a_file() -> Option<Self> {
        let disk = Self::new();
        let image = disk.folder.path().join("image");
        File::create(&image).unwrap().set_len(32 << 20).unwrap();
        let mounted = run("mkfs.ext4", &["-q", "-F"], &image)
            && run("mount", &["-o", "loop", image.to_str().unwrap()], &disk.mounted);
        disk.if_so(mounted, "no file can be mounted here")
    }

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = folder.path().join("disk");
        fs::create_dir(&mounted).unwrap();
        Self { folder, mounted }
    }

    fn if_so(self, mounted: bool, otherwise: &str) -> Option<Self> {
        if !mounted {
            let _ = writeln!(std::io::stdout().lock(), "conservation: not run: {otherwise} (it takes root)");
        }
        mounted.then_some(self)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.mounted
    }

    /// Makes it read-only, or writable again. What is open for writing has to be closed first, and we wait for that.
    pub(crate) async fn writable(&self, is: bool) {
        let how = if is { "remount,rw" } else { "remount,ro" };
        eventually(how, || run("mount", &["-o", how], &self.mounted)).await;
    }

    /// Keeps a file on it, or a folder, as it is, for everybody: in a folder nothing comes to be, and nothing goes. What is open
    /// for writing can still be written to.
    pub(crate) fn fixed(&self, what: &Path, is: bool) {
        assert!(what.starts_with(&self.mounted));
        assert!(run("chattr", &[if is { "+i" } else { "-i" }], what), "chattr {is}");
    }

    /// Stops all writing to it: it neither fails nor goes on.
    pub(crate) fn frozen(&self, is: bool) {
        assert!(run("fsfreeze", &[if is { "-f" } else { "-u" }], &self.mounted), "fsfreeze {is}");
    }

    /// Fills it to the last byte with something else. What is returned takes it away again when it is dropped.
    pub(crate) fn fill(&self) -> Filler {
        let filler = self.mounted.join("filler");
        let mut file = File::create(&filler).unwrap();
        for piece in [&[0; 65_536][..], &[0; 4_096], &[0]] {
            while file.write_all(piece).is_ok() {}
        }
        Filler(filler)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("fsfreeze", &["-u"], &self.mounted);
        run("umount", &["-l"], &self.mounted);
    }
}

/// What fills a disk.
pub(crate) struct Filler(PathBuf);

impl Drop for Filler {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

fn run(program: &str, arguments: &[&str], last: &Path) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).arg(last).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
