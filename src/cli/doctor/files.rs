//! The file system under a ledger: who may write, and whether it keeps what a ledger relies on.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

use super::Findings;

/// Where locks and `fsync` are another machine's promise.
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb2",
    "smb3",
    "smbfs",
    "fuse.sshfs",
    "9p",
    "ceph",
    "glusterfs",
    "fuse.glusterfs",
    "lustre",
    "afs",
    "ncpfs",
];
/// Where a reboot forgets everything.
const MEMORY: &[&str] = &["tmpfs", "ramfs"];

/// Looks at the file system that a file or folder is on, where the operating system tells.
pub(super) fn file_system(check: &'static str, path: &Path, findings: &mut Findings) {
    let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") else { return };
    let Some(kind) = path.canonicalize().ok().and_then(|path| kind(&mounts, &path)) else { return };
    if NETWORK.contains(&kind.as_str()) {
        findings.attention(
            check,
            format!("It lies on a network file system ({kind}), where locks and syncs cannot be relied on"),
            "Move it to a local disk",
        );
    } else if MEMORY.contains(&kind.as_str()) {
        findings.note(check, format!("It lies in memory ({kind}): a reboot forgets it"), "Move it to a disk");
    }
}

/// The kind of the file system that a path is on: of all mount points that it lies under, the longest, the last one mounted.
fn kind(mounts: &str, path: &Path) -> Option<String> {
    let under = mounts.lines().filter_map(|line| {
        // 36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/sda rw
        let (before, behind) = line.split_once(" - ")?;
        let point = PathBuf::from(unescaped(before.split(' ').nth(4)?));
        path.starts_with(&point).then(|| (point.components().count(), behind.split(' ').next().unwrap_or_default()))
    });
    under.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind.to_owned())
}

/// Spaces in the name of a mount point are written as `\040`.
fn unescaped(text: &str) -> String {
    text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

/// Whether this user may write to a file, and why not. Nothing is written.
pub(super) fn may_write(file: &Path) -> Result<(), std::io::Error> {
    OpenOptions::new().append(true).open(file).map(drop)
}

/// Whether this user may make files in a folder, and why not. The one that is made for that is gone again.
pub(super) fn may_make_files(folder: &Path) -> Result<(), std::io::Error> {
    // A name that a spool tidies away should we die here.
    let file = folder.join(format!("doctor-{}.jsonl.new", std::process::id()));
    OpenOptions::new().append(true).create_new(true).open(&file)?;
    fs::remove_file(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_on_the_file_system_of_the_longest_mount_point_above_it() {
        let mounts = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /mnt/team\\040share rw shared:5 - nfs4 server:/export rw
31 22 0:27 / /mnt rw shared:6 - tmpfs tmpfs rw
32 22 0:28 / /mnt rw - xfs /dev/vdb rw
";
        let kind = |path: &str| kind(mounts, Path::new(path)).unwrap();
        assert_eq!(kind("/var/lib/usage.db"), "ext4");
        assert_eq!(kind("/mnt/team share/usage.db"), "nfs4");
        assert_eq!([kind("/mnt/usage.db"), kind("/mntx/usage.db")], ["xfs", "ext4"]);
    }
}
