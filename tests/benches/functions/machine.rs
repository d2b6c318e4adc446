//! On what, and of what, the measurements are: times belong to one machine.

use std::process::Command;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::process::Cores;

/// The machine and the state of the working tree.
pub(crate) struct Machine {
    processor: String,
    kernel: String,
    cores: Cores,
    siblings: String,
    commit: String,
    compiler: String,
    load: String,
    started: u64,
}

impl Machine {
    /// Looks around; the load is that before the measurements.
    pub(crate) fn look(cores: Cores) -> Self {
        let siblings = format!(
            "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list",
            cores.function
        );
        let info = read("/proc/cpuinfo");
        let model = info.lines().find(|line| line.starts_with("model name"));
        let model = model.and_then(|line| line.split_once(": "));
        let changed = run("git", &["status", "--porcelain", "--untracked-files=no"]);
        let mut commit = run("git", &["rev-parse", "--short=12", "HEAD"]);
        if !changed.is_empty() {
            commit += " with changes";
        }
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self {
            processor: model.map_or("unknown", |(_, name)| name).to_owned(),
            kernel: read("/proc/sys/kernel/osrelease"),
            siblings: read(&siblings),
            cores,
            commit,
            compiler: run("rustc", &["--version"]),
            load: load(),
            started: now.as_secs(),
        }
    }

    /// When the run began, in seconds since 1970.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    /// The day on which it began, in UTC.
    pub(crate) fn day(&self) -> String {
        run(
            "date",
            &["-u", "-d", &format!("@{}", self.started), "+%Y-%m-%d"],
        )
    }

    /// The commit, and whether the working tree differs from it.
    pub(crate) fn commit(&self) -> &str {
        &self.commit
    }

    /// Two lines for people.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "{}, Linux {}; functions on core {}, all else on {}; load before {}, after {}\n\
             commit {}, {}; harness built {}",
            self.processor,
            self.kernel,
            self.cores.function,
            self.cores.others,
            self.load,
            load(),
            self.commit,
            self.compiler,
            harness(),
        )
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "processor": self.processor,
            "kernel": self.kernel,
            "functionCore": self.cores.function,
            "otherCores": self.cores.others,
            "functionCoreSiblings": self.siblings,
            "commit": self.commit,
            "compiler": self.compiler,
            "harness": harness(),
            "loadBefore": self.load,
            "loadAfter": load(),
            "startedUnix": self.started,
        })
    }
}

fn harness() -> &'static str {
    if cfg!(debug_assertions) {
        "without optimisation"
    } else {
        "with optimisation"
    }
}

/// How many processes wanted to run, on average of the last 1, 5 and 15 minutes.
fn load() -> String {
    let load = read("/proc/loadavg");
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}
