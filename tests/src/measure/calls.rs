//! Calls of one request to a database, in rounds: those that overlap in time are one round, and a
//! request waits for its rounds one after the other.

use std::collections::BTreeMap;

use super::median;

/// One call, as a server saw it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation and its tables.
    pub label: String,
    /// The capacity units that it consumed.
    pub units: f64,
    /// When it arrived, in milliseconds since any moment.
    pub begin_ms: f64,
    /// When it was answered.
    pub end_ms: f64,
}

/// Calls that overlap, over many requests of the same kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// The calls, those of every request first.
    pub calls: Vec<RoundCall>,
    /// Milliseconds from its first call to its last answer, in the median.
    pub median_ms: f64,
}

/// A call that is made in a round.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundCall {
    /// The operation and its tables.
    pub label: String,
    /// How many there are in a request, on average.
    pub per_request: f64,
    /// The capacity units of one, on average.
    pub units: f64,
}

/// The calls of many requests of the same kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Rounds {
    /// The rounds in which most requests make their calls.
    pub rounds: Vec<Round>,
    /// How many requests make their calls in these rounds.
    pub alike: usize,
    /// How many requests there were.
    pub requests: usize,
    /// How many rounds a request waits for, on average over all of them.
    pub waits: f64,
}

impl Rounds {
    /// Groups the calls of each request.
    ///
    /// A call that arrives before all calls of a round are answered belongs to that round. Calls
    /// that fewer than half of the requests make, as those of a limit that is counted in advance,
    /// don't tell rounds apart: each is listed in the round during or after which it began.
    pub fn of(requests: &[Vec<Call>]) -> Self {
        let regular = regular_labels(requests);
        let grouped: Vec<Grouped<'_>> = requests
            .iter()
            .map(|calls| Grouped::of(calls, &regular))
            .collect();
        let mut patterns: BTreeMap<Vec<Vec<&str>>, usize> = BTreeMap::new();
        for request in &grouped {
            *patterns.entry(request.pattern()).or_default() += 1;
        }
        let usual = patterns.iter().max_by_key(|(_, count)| **count);
        let usual = usual
            .map(|(pattern, _)| pattern.clone())
            .unwrap_or_default();
        let alike: Vec<&Grouped<'_>> = grouped
            .iter()
            .filter(|request| request.pattern() == usual)
            .collect();
        let most = alike.iter().map(|request| request.rounds.len()).max();
        let rounds = (0..most.unwrap_or_default()).map(|number| {
            let calls: Vec<&[&Call]> = alike
                .iter()
                .filter_map(|request| request.rounds.get(number))
                .map(|round| round.calls.as_slice())
                .collect();
            Round::of(&calls, alike.len())
        });
        let waits: usize = requests
            .iter()
            .map(|calls| overlapping(calls.iter().collect()).len())
            .sum();
        Self {
            rounds: rounds.collect(),
            alike: alike.len(),
            requests: requests.len(),
            waits: waits as f64 / requests.len().max(1) as f64,
        }
    }
}

impl Round {
    fn of(requests: &[&[&Call]], of: usize) -> Self {
        let mut labels: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
        for call in requests.iter().copied().flatten() {
            let (count, units) = labels.entry(&call.label).or_default();
            *count += 1;
            *units += call.units;
        }
        let mut calls: Vec<RoundCall> = labels
            .into_iter()
            .map(|(label, (count, units))| RoundCall {
                label: label.to_owned(),
                per_request: count as f64 / of as f64,
                units: units / count as f64,
            })
            .collect();
        calls.sort_by(|one, other| other.per_request.total_cmp(&one.per_request));
        let taken = requests.iter().map(|calls| {
            let begin = calls.iter().map(|call| call.begin_ms);
            let end = calls.iter().map(|call| call.end_ms);
            end.fold(f64::MIN, f64::max) - begin.fold(f64::MAX, f64::min)
        });
        Self {
            calls,
            median_ms: median(&taken.collect::<Vec<_>>()),
        }
    }
}

/// Returns the labels that half of the requests or more have.
fn regular_labels(requests: &[Vec<Call>]) -> Vec<&str> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for calls in requests {
        let mut labels: Vec<&str> = calls.iter().map(|call| call.label.as_str()).collect();
        labels.sort_unstable();
        labels.dedup();
        for label in labels {
            *seen.entry(label).or_default() += 1;
        }
    }
    let regular = seen.into_iter();
    let regular = regular.filter(|(_, count)| 2 * count >= requests.len());
    regular.map(|(label, _)| label).collect()
}

/// The calls of one request.
struct Grouped<'a> {
    rounds: Vec<GroupedRound<'a>>,
}

struct GroupedRound<'a> {
    /// How many of the calls are regular; they come first.
    regular: usize,
    calls: Vec<&'a Call>,
}

impl<'a> Grouped<'a> {
    fn of(calls: &'a [Call], regular: &[&str]) -> Self {
        let is_regular = |call: &&Call| regular.contains(&call.label.as_str());
        let (usual, others): (Vec<&Call>, Vec<&Call>) = calls.iter().partition(is_regular);
        let rounds = overlapping(usual).into_iter();
        let mut rounds: Vec<GroupedRound<'a>> = rounds
            .map(|calls| GroupedRound {
                regular: calls.len(),
                calls,
            })
            .collect();
        for call in others {
            let begun = |round: &GroupedRound<'_>| {
                let first = round.calls.first();
                first.is_none_or(|first| first.begin_ms <= call.begin_ms)
            };
            let place = rounds.iter().rposition(begun).unwrap_or_default();
            match rounds.get_mut(place) {
                Some(round) => round.calls.push(call),
                None => rounds.push(GroupedRound {
                    regular: 0,
                    calls: vec![call],
                }),
            }
        }
        Self { rounds }
    }

    /// The regular calls of each round.
    fn pattern(&self) -> Vec<Vec<&'a str>> {
        let rounds = self.rounds.iter().filter(|round| round.regular > 0);
        let labels = rounds.map(|round| {
            let calls = round.calls.iter().take(round.regular);
            let mut labels: Vec<&str> = calls.map(|call| call.label.as_str()).collect();
            labels.sort_unstable();
            labels
        });
        labels.collect()
    }
}

/// Groups calls that overlap.
fn overlapping(mut calls: Vec<&Call>) -> Vec<Vec<&Call>> {
    calls.sort_by(|one, other| one.begin_ms.total_cmp(&other.begin_ms));
    let mut rounds: Vec<Vec<&Call>> = Vec::new();
    let mut answered = f64::MIN;
    for call in calls {
        match rounds.last_mut() {
            Some(round) if call.begin_ms < answered => round.push(call),
            Some(_) | None => rounds.push(vec![call]),
        }
        answered = answered.max(call.end_ms);
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(label: &str, begin_ms: f64, end_ms: f64) -> Call {
        Call {
            label: label.to_owned(),
            units: 0.5,
            begin_ms,
            end_ms,
        }
    }

    fn labels(rounds: &Rounds) -> Vec<Vec<(&str, f64)>> {
        let rounds = rounds.rounds.iter();
        let labels = rounds.map(|round| {
            let calls = round.calls.iter();
            calls
                .map(|call| (call.label.as_str(), call.per_request))
                .collect()
        });
        labels.collect()
    }

    #[test]
    fn what_overlaps_is_one_round_and_what_follows_another() {
        let checkout = vec![
            call("write", 5.0, 9.0),
            call("users", 0.0, 2.0),
            call("carts", 0.5, 3.0),
            // Before the carts were answered, though after the users were.
            call("keys", 2.5, 4.0),
        ];
        let rounds = Rounds::of(&[checkout.clone(), checkout]);
        assert_eq!(
            labels(&rounds),
            [
                vec![("carts", 1.0), ("keys", 1.0), ("users", 1.0)],
                vec![("write", 1.0)]
            ]
        );
        assert_eq!((rounds.alike, rounds.requests, rounds.waits), (2, 2, 2.0));
        assert_eq!(rounds.rounds[0].median_ms, 4.0);
        assert_eq!(rounds.rounds[1].median_ms, 4.0);
        assert_eq!(rounds.rounds[0].calls[0].units, 0.5);
    }

    #[test]
    fn a_call_that_begins_with_the_last_answer_is_the_next_round() {
        let rounds = Rounds::of(&[vec![call("a", 0.0, 1.0), call("b", 1.0, 2.0)]]);
        assert_eq!(rounds.rounds.len(), 2);
    }

    #[test]
    fn a_round_lasts_until_its_last_answer() {
        let long = call("long", 0.0, 4.0);
        let rounds = Rounds::of(&[vec![long, call("short", 1.0, 2.0), call("late", 3.0, 3.5)]]);
        assert_eq!(rounds.rounds.len(), 1);
        assert_eq!(rounds.rounds[0].median_ms, 4.0);
    }

    #[test]
    fn an_occasional_call_joins_a_round_and_makes_none() {
        let plain = vec![call("query", 0.0, 1.0), call("write", 2.0, 3.0)];
        let mut bridged = plain.clone();
        bridged.push(call("lease", 0.5, 2.5));
        let mut before = vec![call("lease", 0.0, 1.0)];
        before.push(call("query", 1.5, 2.0));
        before.push(call("write", 2.5, 3.0));
        let rounds = Rounds::of(&[plain.clone(), plain.clone(), plain, bridged, before]);
        assert_eq!(
            labels(&rounds),
            [vec![("query", 1.0), ("lease", 0.4)], vec![("write", 1.0)],]
        );
        assert_eq!(rounds.alike, 5);
        // Three wait for two rounds, one for one that all of its calls are in, one for three.
        assert_eq!(rounds.waits, 2.0);
    }

    #[test]
    fn the_rounds_of_most_requests_are_told() {
        let beside = vec![call("a", 0.0, 1.0), call("b", 0.5, 2.0)];
        let after = vec![call("a", 0.0, 1.0), call("b", 1.5, 2.0)];
        let rounds = Rounds::of(&[beside.clone(), after, beside]);
        assert_eq!(rounds.rounds.len(), 1);
        assert_eq!((rounds.alike, rounds.requests), (2, 3));
    }

    #[test]
    fn requests_that_seldom_call_have_one_round_that_most_do_not_wait_for() {
        let rounds = Rounds::of(&[vec![], vec![call("lease", 0.0, 1.0)], vec![], vec![]]);
        assert_eq!(labels(&rounds), [vec![("lease", 0.25)]]);
        assert_eq!(rounds.waits, 0.25);
        assert_eq!(rounds.rounds[0].median_ms, 1.0);
        let none = Rounds::of(&[vec![], vec![]]);
        assert_eq!((none.rounds.len(), none.waits), (0, 0.0));
        assert_eq!(Rounds::of(&[]).requests, 0);
    }
}
