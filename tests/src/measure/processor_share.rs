//! A share of a processor for a process, as Lambda gives it by memory: a cgroup with a quota.
//! Linux only.

use std::path::{Path, PathBuf};

/// The memory at which Lambda gives one whole processor, in MiB.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
pub const MIB_OF_A_PROCESSOR: u32 = 1769;
/// What a quota is a part of, in microseconds.
const PERIOD: u32 = 20_000;
/// Where Linux shows its cgroups.
const CGROUPS: &str = "/sys/fs/cgroup";

/// A cgroup whose processes have a part of one processor. Dropping it removes it.
#[derive(Debug)]
pub struct ProcessorShare {
    folder: PathBuf,
}

impl ProcessorShare {
    /// Makes a cgroup with the part of a processor that Lambda gives with this memory; `None`
    /// where that is a whole one.
    ///
    /// # Errors
    /// A sentence, when this user may not make one or there are no cgroups.
    pub fn of_memory(mib: u32) -> Result<Option<Self>, String> {
        Self::within(Path::new(CGROUPS), mib)
    }

    fn within(root: &Path, mib: u32) -> Result<Option<Self>, String> {
        let Some(quota) = quota(mib) else {
            return Ok(None);
        };
        let version_2 = root.join("cgroup.controllers").exists();
        let parent = if version_2 {
            root.to_owned()
        } else {
            let controller = ["cpu", "cpu,cpuacct"].map(|name| root.join(name));
            let mut mounted = controller.into_iter();
            let mounted = mounted.find(|folder| folder.join("cgroup.procs").exists());
            mounted.ok_or_else(|| {
                format!(
                    "--memory needs Linux's cgroups with the controller of processor time, and \
                     {} has none: leave --memory out",
                    root.display()
                )
            })?
        };
        if version_2 {
            enable(&parent)?;
        }
        let name = format!("benchmark-{}-{mib}", std::process::id());
        let share = Self {
            folder: parent.join(name),
        };
        match std::fs::create_dir(&share.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(refused(&share.folder, &error));
            }
            Ok(()) | Err(_) => {}
        }
        if version_2 {
            share.write("cpu.max", &format!("{quota} {PERIOD}"))?;
        } else {
            share.write("cpu.cfs_period_us", &PERIOD.to_string())?;
            share.write("cpu.cfs_quota_us", &quota.to_string())?;
        }
        Ok(Some(share))
    }

    /// Puts a process into the cgroup, with all its threads.
    ///
    /// # Errors
    /// A sentence, when there is no such process or this user may not move it.
    pub fn join(&self, pid: u32) -> Result<(), String> {
        self.write("cgroup.procs", &pid.to_string())
    }

    fn write(&self, file: &str, text: &str) -> Result<(), String> {
        write(&self.folder.join(file), text)
    }
}

impl Drop for ProcessorShare {
    fn drop(&mut self) {
        // A cgroup's files go with it. It is gone already, or has a process left: then whoever
        // reads this must remove it.
        if let Err(error) = std::fs::remove_dir(&self.folder) {
            eprintln!("{} is left: {error}", self.folder.display());
        }
    }
}

/// Returns the microseconds of each period that a process may run, if less than all of them.
fn quota(mib: u32) -> Option<u32> {
    (mib < MIB_OF_A_PROCESSOR).then_some(mib * PERIOD / MIB_OF_A_PROCESSOR)
}

/// Has the groups of a cgroup (version 2) bound processor time, if they don't yet.
fn enable(parent: &Path) -> Result<(), String> {
    let file = parent.join("cgroup.subtree_control");
    let enabled = std::fs::read_to_string(&file).map_err(|error| refused(&file, &error))?;
    if enabled.split_whitespace().any(|it| it == "cpu") {
        return Ok(());
    }
    write(&file, "+cpu")
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|error| refused(file, &error))
}

fn refused(path: &Path, error: &std::io::Error) -> String {
    format!(
        "{} can't be written: {error}. --memory makes a cgroup, which root may, and in a container \
         only where cgroups are writable: run the benchmark so, or leave --memory out",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up /sys/fs/cgroup, with these files.
    fn cgroups(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = format!("cgroups-{}-{name}", std::process::id());
        let root = std::env::temp_dir().join(root);
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(&root).unwrap();
        for (file, text) in files {
            let file = root.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        root
    }

    fn content(share: &ProcessorShare, file: &str) -> String {
        std::fs::read_to_string(share.folder.join(file)).unwrap()
    }

    /// Ends a share as the kernel would: a cgroup's files don't keep it from being removed.
    fn end(share: ProcessorShare) {
        let folder = share.folder.clone();
        for file in std::fs::read_dir(&folder).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        drop(share);
        assert!(!folder.exists());
    }

    #[test]
    fn a_quota_is_the_memorys_part_of_1769_mib() {
        assert_eq!(
            [128, 256, 1024, 1768].map(quota),
            [Some(1447), Some(2894), Some(11577), Some(19988)]
        );
        assert_eq!([1769, 3008].map(quota), [None, None]);
    }

    #[test]
    fn version_2_takes_quota_and_period_in_one_file() {
        let root = cgroups(
            "2",
            &[
                ("cgroup.controllers", "cpuset cpu io memory pids\n"),
                ("cgroup.subtree_control", "memory pids\n"),
            ],
        );
        let share = ProcessorShare::within(&root, 256).unwrap().unwrap();
        assert_eq!(content(&share, "cpu.max"), "2894 20000");
        share.join(42).unwrap();
        assert_eq!(content(&share, "cgroup.procs"), "42");
        let enabled = root.join("cgroup.subtree_control");
        assert_eq!(std::fs::read_to_string(&enabled).unwrap(), "+cpu");
        end(share);

        // What is enabled already is not written again.
        std::fs::write(&enabled, "cpu memory\n").unwrap();
        end(ProcessorShare::within(&root, 128).unwrap().unwrap());
        assert_eq!(std::fs::read_to_string(&enabled).unwrap(), "cpu memory\n");
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn version_1_takes_them_in_two() {
        let root = cgroups("1", &[("cpu,cpuacct/cgroup.procs", "")]);
        let share = ProcessorShare::within(&root, 128).unwrap().unwrap();
        assert_eq!(content(&share, "cpu.cfs_period_us"), "20000");
        assert_eq!(content(&share, "cpu.cfs_quota_us"), "1447");
        share.join(7).unwrap();
        assert_eq!(content(&share, "cgroup.procs"), "7");
        end(share);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn who_may_make_none_is_told_what_to_do() {
        let root = cgroups("0", &[]);
        let error = ProcessorShare::within(&root, 128).unwrap_err();
        assert!(error.contains("leave --memory out"), "{error}");
        // A whole processor needs none.
        assert!(ProcessorShare::within(&root, 1769).unwrap().is_none());
        // A file where a folder must be made can't be written into, by root neither.
        std::fs::write(root.join("cgroup.controllers"), "cpu").unwrap();
        let error = ProcessorShare::within(&root, 128).unwrap_err();
        assert!(
            error.contains("cgroup.subtree_control can't be written"),
            "{error}"
        );
        assert!(error.contains("root may"), "{error}");
        std::fs::remove_dir_all(root).unwrap();
    }
}
