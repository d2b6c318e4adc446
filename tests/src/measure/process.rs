//! Processor time and memory of a process, from `/proc`. Linux only.

use std::collections::BTreeMap;
use std::time::Duration;

/// The processor time that each thread of a process has had so far.
///
/// `schedstat` tells nanoseconds; `stat` would tell hundredths of a second, which is more than
/// most requests take.
#[derive(Clone, Debug, Default)]
pub struct ThreadTimes(BTreeMap<String, u64>);

impl ThreadTimes {
    /// Reads the times of the threads that live now.
    ///
    /// # Panics
    /// When there is no such process, or this kernel doesn't tell.
    pub fn of(pid: u32) -> Self {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
        let times = threads.filter_map(|thread| {
            let thread = thread.ok()?;
            // A thread may end between the listing and the reading.
            let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            let nanoseconds = stat.split(' ').next()?.parse().ok()?;
            Some((thread.file_name().into_string().ok()?, nanoseconds))
        });
        let times: BTreeMap<_, _> = times.collect();
        assert!(!times.is_empty(), "no schedstat in /proc/{pid}/task");
        Self(times)
    }

    /// Returns the time of all threads together.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.0.values().sum())
    }

    /// Returns what the threads had since an earlier reading. A thread that ended meanwhile counts
    /// nothing: what it had after that reading is no longer known.
    pub fn since(&self, earlier: &Self) -> Duration {
        let had = |thread: &String| earlier.0.get(thread).copied().unwrap_or_default();
        // An ended thread's number may be another's by now, which then began at 0.
        let more = self.0.iter();
        let more = more.map(|(thread, now)| now.checked_sub(had(thread)).unwrap_or(*now));
        Duration::from_nanos(more.sum())
    }
}

/// Returns the processor time, user and system, that the threads of a process have had.
pub fn processor_time(pid: u32) -> Duration {
    ThreadTimes::of(pid).total()
}

/// The memory of a process, in KiB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// What is resident now.
    pub resident_kib: u64,
    /// The most that ever was.
    pub peak_kib: u64,
}

/// Reads the memory of a process.
///
/// # Panics
/// When there is no such process.
pub fn memory(pid: u32) -> Memory {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|number| number.parse().ok()).expect(name)
    };
    Memory {
        resident_kib: field("VmRSS:"),
        peak_kib: field("VmHWM:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(of: &[(&str, u64)]) -> ThreadTimes {
        let times = of
            .iter()
            .map(|(thread, time)| ((*thread).to_owned(), *time));
        ThreadTimes(times.collect())
    }

    #[test]
    fn threads_that_begin_count_and_those_that_ended_do_not() {
        let before = times(&[("1", 100), ("2", 50)]);
        let after = times(&[("1", 130), ("3", 7)]);
        assert_eq!(after.since(&before), Duration::from_nanos(37));
        assert_eq!(after.total(), Duration::from_nanos(137));
        let another = times(&[("1", 5)]);
        assert_eq!(another.since(&before), Duration::from_nanos(5));
        assert_eq!(after.since(&after), Duration::ZERO);
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn this_process_has_time_and_memory() {
        let pid = std::process::id();
        let before = ThreadTimes::of(pid);
        let sum = (0..1_000_000_u64).fold(0, |sum, it| std::hint::black_box(sum ^ it));
        std::hint::black_box(sum);
        // The time is counted when a thread gives its processor up.
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(ThreadTimes::of(pid).since(&before) > Duration::ZERO);
        let memory = memory(pid);
        assert!(memory.resident_kib > 100 && memory.peak_kib >= memory.resident_kib);
    }
}
