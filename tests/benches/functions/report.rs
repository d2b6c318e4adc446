//! What was measured, as tables for people and as JSON.

use serde_json::{Value, json};
use tests::measure::{Group, Picture, Ratio, Round, Rounds, median, pair_ratios, percentile};

use crate::dynamodb::Counts;
use crate::machine::Machine;
use crate::subject::{CURRENT, Package};

/// The ratios that a picture shows.
const PICTURED: [&str; 6] = ["cold", "CPU per call", "warm p50", "p99", "zip", "RSS"];

/// All that was seen of one subject at one function, round by round.
pub(crate) struct Seen {
    pub(crate) subject: String,
    /// Whether it is another project's.
    pub(crate) is_peer: bool,
    pub(crate) package: Package,
    /// Calls before the first request.
    pub(crate) at_start: Counts,
    /// Calls of all [`Seen::counted_requests`].
    pub(crate) warm: Counts,
    /// The same calls, by round.
    pub(crate) rounds_of_calls: Rounds,
    pub(crate) counted_requests: usize,
    /// Bytes that each of those requests wrote to the log.
    pub(crate) log_bytes: f64,
    /// All that the process wrote to its log from its start on.
    pub(crate) log: String,
    /// Milliseconds until the process asked for its first request, by round.
    pub(crate) init_ms: Vec<f64>,
    /// Milliseconds until its first answer, by round.
    pub(crate) cold_ms: Vec<f64>,
    /// Milliseconds of processor time until its first answer, by round.
    pub(crate) cold_cpu_ms: Vec<f64>,
    /// By round, what each visit of the warm process took.
    pub(crate) visits: Vec<Vec<Visit>>,
    /// Resident memory after the last visit, by round.
    pub(crate) resident_mib: Vec<f64>,
    /// The most resident memory, by round.
    pub(crate) peak_mib: Vec<f64>,
}

/// Some requests in a row.
pub(crate) struct Visit {
    /// Milliseconds of each request.
    pub(crate) wall_ms: Vec<f64>,
    /// Microseconds of processor time for each request, on average.
    pub(crate) cpu_us: f64,
    /// Bytes of each answer, on average, as the function hands it to Lambda.
    pub(crate) answer_bytes: f64,
}

impl Seen {
    fn answer_bytes(&self) -> f64 {
        let visits = self.visits.iter().flatten();
        median(&visits.map(|visit| visit.answer_bytes).collect::<Vec<_>>())
    }

    fn warm_ms(&self) -> Vec<f64> {
        let visits = self.visits.iter().flatten();
        visits.flat_map(|visit| &visit.wall_ms).copied().collect()
    }

    fn cpu_us(&self) -> Vec<f64> {
        self.visits
            .iter()
            .flatten()
            .map(|visit| visit.cpu_us)
            .collect()
    }

    fn p50_ms(visits: &[Visit]) -> Vec<f64> {
        visits.iter().map(|visit| median(&visit.wall_ms)).collect()
    }

    /// The 99th percentile of all warm requests of each round.
    fn p99_ms(&self) -> Vec<f64> {
        let rounds = self.visits.iter();
        let p99 = |visits: &Vec<Visit>| {
            let wall = visits.iter().flat_map(|visit| &visit.wall_ms);
            percentile(&wall.copied().collect::<Vec<_>>(), 99)
        };
        rounds.map(p99).collect()
    }

    fn ratios_to(&self, baseline: &Self) -> [(&'static str, Ratio); 8] {
        // A round's ratio is the median of its visits': visits of one process are not
        // independent of each other, rounds are.
        let by_visit = |of: &dyn Fn(&[Visit]) -> Vec<f64>| {
            let rounds = self.visits.iter().zip(&baseline.visits);
            let ratios = rounds.map(|(own, its)| median(&pair_ratios(&of(own), &of(its))));
            Ratio::of(&ratios.collect::<Vec<_>>())
        };
        let zipped = self.package.zipped as f64 / baseline.package.zipped as f64;
        [
            ("init", Ratio::of_pairs(&self.init_ms, &baseline.init_ms)),
            ("cold", Ratio::of_pairs(&self.cold_ms, &baseline.cold_ms)),
            (
                "cold CPU",
                Ratio::of_pairs(&self.cold_cpu_ms, &baseline.cold_cpu_ms),
            ),
            ("warm p50", by_visit(&Self::p50_ms)),
            ("p99", Ratio::of_pairs(&self.p99_ms(), &baseline.p99_ms())),
            (
                "CPU per call",
                by_visit(&|visits| visits.iter().map(|visit| visit.cpu_us).collect()),
            ),
            (
                "RSS",
                Ratio::of_pairs(&self.resident_mib, &baseline.resident_mib),
            ),
            (
                "zip",
                Ratio {
                    median: zipped,
                    low: zipped,
                    high: zipped,
                },
            ),
        ]
    }

    fn per_request(&self, count: f64) -> f64 {
        count / self.counted_requests as f64
    }

    fn calls(&self) -> f64 {
        self.per_request(self.warm.total() as f64)
    }

    /// Milliseconds of processor time of a warm request.
    pub(crate) fn cpu_ms(&self) -> f64 {
        median(&self.cpu_us()) / 1000.0
    }

    /// Read units of a warm request.
    pub(crate) fn read_units(&self) -> f64 {
        self.per_request(self.warm.read_units)
    }

    /// Write units of a warm request.
    pub(crate) fn write_units(&self) -> f64 {
        self.per_request(self.warm.write_units)
    }
}

/// What was seen of all subjects at one function; the baseline is first.
pub(crate) struct Comparison {
    /// What the report calls it.
    pub(crate) name: String,
    /// The function, perhaps with how it is set.
    pub(crate) scenario: String,
    /// The function.
    pub(crate) function: String,
    /// The memory whose share of a processor it had, if not a whole one.
    pub(crate) memory_mib: Option<u32>,
    pub(crate) about: String,
    pub(crate) seen: Vec<Seen>,
}

impl Comparison {
    /// The tables of one function.
    pub(crate) fn print(&self) {
        let baseline = &self.seen[0];
        println!("\n## {}: {}\n", self.name, self.about);
        let mut table = vec![cells([
            "subject",
            "init ms",
            "cold ms",
            "cold CPU ms",
            "warm p50 ms",
            "p99 ms",
            "CPU µs per call",
            "RSS MiB",
            "peak MiB",
            "zip KiB",
            "AWS calls",
            "RCU",
            "WCU",
        ])];
        for seen in &self.seen {
            let warm = seen.warm_ms();
            table.push(vec![
                seen.subject.clone(),
                format!("{:.2}", median(&seen.init_ms)),
                format!("{:.2}", median(&seen.cold_ms)),
                format!("{:.2}", median(&seen.cold_cpu_ms)),
                format!("{:.3}", percentile(&warm, 50)),
                format!("{:.3}", percentile(&warm, 99)),
                format!("{:.0}", median(&seen.cpu_us())),
                format!("{:.1}", median(&seen.resident_mib)),
                format!("{:.1}", median(&seen.peak_mib)),
                format!("{:.0}", seen.package.zipped as f64 / 1024.0),
                format!("{:.2}", seen.calls()),
                format!("{:.2}", seen.read_units()),
                format!("{:.2}", seen.write_units()),
            ]);
        }
        print(&table);
        if self.seen.len() > 1 {
            println!(
                "\nratios to {}, with the interval of 95 %\n",
                baseline.subject
            );
            let mut table = Vec::new();
            for seen in &self.seen[1..] {
                let ratios = seen.ratios_to(baseline);
                if table.is_empty() {
                    let names = ratios.iter().map(|(name, _)| (*name).to_owned());
                    table.push(std::iter::once("subject".to_owned()).chain(names).collect());
                }
                let ratios = ratios.iter().map(|(_, ratio)| {
                    let Ratio { median, low, high } = ratio;
                    if low == high {
                        format!("{median:.3}")
                    } else {
                        format!("{median:.3} ({low:.3}–{high:.3})")
                    }
                });
                table.push(
                    std::iter::once(seen.subject.clone())
                        .chain(ratios)
                        .collect(),
                );
            }
            print(&table);
        }
        println!();
        for seen in &self.seen {
            println!(
                "{}: at the start {}; a warm request {}",
                seen.subject,
                listed(&seen.at_start, 1),
                listed(&seen.warm, seen.counted_requests),
            );
        }
        self.print_rounds();
    }

    /// The calls of a warm request, by round.
    fn print_rounds(&self) {
        let mut table = vec![cells(["subject", "round", "calls", "units", "ms"])];
        for seen in &self.seen {
            let rounds = seen.rounds_of_calls.rounds.iter().enumerate();
            table.extend(rounds.map(|(number, round)| {
                vec![
                    seen.subject.clone(),
                    (number + 1).to_string(),
                    beside_each_other(round),
                    format!("{:.2}", units(round)),
                    format!("{:.2}", round.median_ms),
                ]
            }));
        }
        if table.len() > 1 {
            println!();
            print(&table);
        }
        println!();
        for seen in &self.seen {
            let rounds = &seen.rounds_of_calls;
            println!(
                "{}: {} of {} requests make their calls so, and one waits for {:.2} rounds on \
                 average; DynamoDB answers it {:.0} bytes, and it answers {:.0}",
                seen.subject,
                rounds.alike,
                rounds.requests,
                rounds.waits,
                seen.per_request(seen.warm.answer_bytes as f64),
                seen.answer_bytes(),
            );
        }
    }

    /// What our function is of a peer's, for a picture.
    fn group(&self, peer: &str) -> Option<Group> {
        let peer = self.seen.iter().find(|seen| seen.subject == peer)?;
        let ours = self.ours()?;
        let ratios = ours.ratios_to(peer).into_iter();
        let ratios = ratios.filter(|(name, _)| PICTURED.contains(name));
        Some(Group {
            name: format!("{} ({})", self.name, self.about),
            ratios: ratios
                .map(|(name, ratio)| (name.to_owned(), ratio.median))
                .collect(),
        })
    }

    /// What was seen of this working tree's function, or else of the first subject that is ours.
    pub(crate) fn ours(&self) -> Option<&Seen> {
        let mut seen = self.seen.iter().filter(|seen| !seen.is_peer);
        let current = seen.clone().find(|seen| seen.subject == CURRENT);
        current.or_else(|| seen.next())
    }

    pub(crate) fn json(&self) -> Value {
        let baseline = &self.seen[0];
        let subjects = self.seen.iter().map(|seen| {
            let warm = seen.warm_ms();
            let ratios = seen.ratios_to(baseline).map(|(name, ratio)| {
                let ratio = json!({
                    "median": ratio.median, "low": ratio.low, "high": ratio.high,
                });
                (name.to_owned(), ratio)
            });
            let visits = |of: &dyn Fn(&Visit) -> f64| -> Value {
                let rounds = seen.visits.iter();
                rounds
                    .map(|round| round.iter().map(of).collect::<Value>())
                    .collect()
            };
            json!({
                "subject": seen.subject,
                "binary": seen.package.path,
                "sha256": seen.package.sha256,
                "bytes": seen.package.size,
                "zipBytes": seen.package.zipped,
                "initMs": median(&seen.init_ms),
                "coldMs": median(&seen.cold_ms),
                "coldCpuMs": median(&seen.cold_cpu_ms),
                "warmP50Ms": percentile(&warm, 50),
                "warmP99Ms": percentile(&warm, 99),
                "cpuPerCallUs": median(&seen.cpu_us()),
                "residentMib": median(&seen.resident_mib),
                "peakMib": median(&seen.peak_mib),
                "callsAtStart": seen.at_start.calls,
                "callsPerRequest": per_request(&seen.warm, seen.counted_requests),
                "readUnitsPerRequest": seen.read_units(),
                "writeUnitsPerRequest": seen.write_units(),
                "roundsOfCalls": rounds_json(&seen.rounds_of_calls),
                "logBytesPerRequest": seen.log_bytes,
                "dynamodbBytesPerRequest": seen.per_request(seen.warm.answer_bytes as f64),
                "answerBytes": seen.answer_bytes(),
                "warmCalls": warm.len(),
                "ratiosToBaseline": serde_json::Map::from_iter(ratios),
                "rounds": {
                    "initMs": seen.init_ms,
                    "coldMs": seen.cold_ms,
                    "coldCpuMs": seen.cold_cpu_ms,
                    "residentMib": seen.resident_mib,
                    "peakMib": seen.peak_mib,
                    "p99Ms": seen.p99_ms(),
                    "visitP50Ms": visits(&|visit| median(&visit.wall_ms)),
                    "visitCpuPerCallUs": visits(&|visit| visit.cpu_us),
                },
            })
        });
        json!({
            "name": self.name,
            "function": self.function,
            "memoryMib": self.memory_mib,
            "about": self.about,
            "baseline": baseline.subject,
            "subjects": subjects.collect::<Value>(),
        })
    }
}

/// A picture of what our functions are of the first peer's; `None` where there is no peer.
pub(crate) fn picture(comparisons: &[Comparison], machine: &Machine) -> Option<Picture> {
    let mut seen = comparisons.iter().flat_map(|comparison| &comparison.seen);
    let peer = &seen.find(|seen| seen.is_peer)?.subject;
    let groups = comparisons.iter();
    let groups = groups.filter_map(|comparison| comparison.group(peer));
    Some(Picture {
        title: format!("Functions compared to {peer}"),
        to: peer.clone(),
        notes: vec![
            "Ratios of figures that were measured side by side on one machine; less is better."
                .to_owned(),
            format!("{}, commit {}", machine.day(), machine.commit()),
        ],
        groups: groups.collect(),
    })
}

/// `GetItem users ∥ Query carts ∥ 0.17 × UpdateItem rate-limits`.
fn beside_each_other(round: &Round) -> String {
    let calls = round.calls.iter().map(|call| {
        let often = format!("{:.2}", call.per_request);
        match often.as_str() {
            "1.00" => call.label.clone(),
            _ => format!("{often} × {}", call.label),
        }
    });
    calls.collect::<Vec<_>>().join(" ∥ ")
}

/// The capacity units of a round, on average.
fn units(round: &Round) -> f64 {
    let units = round.calls.iter().map(|call| call.per_request * call.units);
    units.sum()
}

fn rounds_json(rounds: &Rounds) -> Value {
    let list = rounds.rounds.iter().map(|round| {
        let calls = round.calls.iter().map(|call| {
            json!({
                "call": call.label, "perRequest": call.per_request, "units": call.units,
            })
        });
        json!({
            "calls": calls.collect::<Value>(), "units": units(round), "medianMs": round.median_ms,
        })
    });
    json!({
        "rounds": list.collect::<Value>(),
        "requestsAlike": rounds.alike,
        "requests": rounds.requests,
        "waitedFor": rounds.waits,
    })
}

fn per_request(counts: &Counts, requests: usize) -> Value {
    let calls = counts.calls.iter();
    let calls = calls.map(|(name, count)| (name.clone(), json!(*count as f64 / requests as f64)));
    Value::Object(calls.collect())
}

/// `Query 1.00, UpdateItem 0.17`.
fn listed(counts: &Counts, requests: usize) -> String {
    let calls = counts.calls.iter();
    let calls = calls.map(|(name, count)| format!("{name} {:.2}", *count as f64 / requests as f64));
    let calls = calls.collect::<Vec<_>>().join(", ");
    if calls.is_empty() {
        "no calls".to_owned()
    } else {
        calls
    }
}

/// Cells of a row of text.
pub(crate) fn cells<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// Prints a table, its columns aligned, numbers to the right; the first row is the head.
pub(crate) fn print(table: &[Vec<String>]) {
    let columns = table.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let is_number = |cell: &String| !cell.contains(char::is_alphabetic);
    let numbers = |column: usize| {
        let mut cells = table.iter().skip(1).filter_map(|row| row.get(column));
        column > 0 && cells.all(is_number)
    };
    let numbers: Vec<bool> = (0..columns).map(numbers).collect();
    for (number, row) in table.iter().enumerate() {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match numbers[column] {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
        if number == 0 {
            let rule = widths.iter().zip(&numbers).map(|(width, number)| {
                let end = if *number { ":" } else { "-" };
                format!("-{}{end}", "-".repeat(*width))
            });
            println!("|{}|", rule.collect::<Vec<_>>().join("|"));
        }
    }
}
