//! Percentiles, and ratios of measurements that were made in pairs.

/// How many samples are drawn for an interval.
const RESAMPLES: usize = 4000;
/// The same numbers give the same interval every time.
const SEED: u64 = 0x5eed;

/// Returns the value that so many of a hundred don't exceed (nearest rank).
///
/// # Panics
/// When there are no values.
pub fn percentile(values: &[f64], hundredths: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * hundredths).div_ceil(100).max(1);
    sorted[rank - 1]
}

/// Returns the value in the middle; between the two of an even number, their mean.
///
/// # Panics
/// When there are no values.
pub fn median(values: &[f64]) -> f64 {
    median_of(&mut values.to_vec())
}

fn median_of(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if even {
        let lower = below.iter().copied().max_by(f64::total_cmp);
        f64::midpoint(lower.expect("two values or more"), *upper)
    } else {
        *upper
    }
}

/// How much one thing is of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The median of the pairs' ratios.
    pub median: f64,
    /// The interval that holds the true median in 95 of 100 cases: its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Ratio {
    /// Compares two things that were measured in pairs, each pair at about the same time: what
    /// slowed the machine slowed both, and is not in their ratio.
    ///
    /// # Panics
    /// When there are no pairs, or the two differ in number.
    pub fn of_pairs(of: &[f64], to: &[f64]) -> Self {
        Self::of(&pair_ratios(of, to))
    }

    /// Computes the median of these ratios and its interval by the percentile bootstrap: the 2.5th and the
    /// 97.5th percentile of the medians of samples drawn from them with replacement.
    ///
    /// # Panics
    /// When there are none.
    pub fn of(ratios: &[f64]) -> Self {
        Self::resampled(ratios, RESAMPLES)
    }

    fn resampled(ratios: &[f64], resamples: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(SEED);
        let mut sample = vec![0.0; ratios.len()];
        let mut medians = Vec::with_capacity(resamples);
        for _ in 0..resamples {
            for drawn in &mut sample {
                *drawn = ratios[random.usize(..ratios.len())];
            }
            medians.push(median_of(&mut sample));
        }
        medians.sort_by(f64::total_cmp);
        Self {
            median: median(ratios),
            low: medians[resamples * 25 / 1000],
            high: medians[resamples * 975 / 1000],
        }
    }
}

/// Returns how much each measurement is of its partner.
///
/// # Panics
/// When the two differ in number.
pub fn pair_ratios(of: &[f64], to: &[f64]) -> Vec<f64> {
    assert_eq!(of.len(), to.len(), "measurements come in pairs");
    of.iter().zip(to).map(|(of, to)| of / to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers around 1 with about this much noise, which a few much larger ones disturb, as a
    /// machine's other work does.
    fn noisy(seed: u64, noise: f64) -> Vec<f64> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut value = |_| {
            let spread: f64 = (0..4).map(|_| random.f64() - 0.5).sum();
            let outlier = if random.u8(..20) == 0 { 3.0 } else { 0.0 };
            1.0 + noise * spread + outlier
        };
        (0..100).map(&mut value).collect()
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        let of = |hundredths| percentile(&values, hundredths);
        assert_eq!(
            [of(0), of(1), of(50), of(99), of(100)],
            [1.0, 2.0, 100.0, 198.0, 200.0]
        );
        assert_eq!(percentile(&[3.0], 99), 3.0);
        assert_eq!(percentile(&[3.0, 1.0, 2.0], 50), 2.0);
    }

    #[test]
    fn a_median_lies_in_the_middle() {
        assert_eq!(median(&[5.0]), 5.0);
        assert_eq!(median(&[9.0, 1.0, 5.0]), 5.0);
        assert_eq!(median(&[9.0, 1.0, 4.0, 6.0]), 5.0);
        assert_eq!(median(&[1.0, 1.0, 1.0, 100.0]), 1.0);
    }

    #[test]
    fn a_ratio_that_never_varies_is_known_exactly() {
        let to = noisy(1, 0.3);
        let of: Vec<f64> = to.iter().map(|it| it * 1.5).collect();
        let ratio = Ratio::of_pairs(&of, &to);
        for end in [ratio.low, ratio.median, ratio.high] {
            assert!((end - 1.5).abs() < 1e-9, "{ratio:?}");
        }
    }

    #[test]
    fn what_is_the_same_has_an_interval_around_one() {
        // At 95 of 100, about one in twenty may miss it.
        let holds = (0..200).filter(|seed| {
            let ratios = pair_ratios(&noisy(2 * seed, 0.1), &noisy(2 * seed + 1, 0.1));
            let ratio = Ratio::resampled(&ratios, 200);
            assert!(ratio.low <= ratio.median && ratio.median <= ratio.high);
            ratio.low <= 1.0 && 1.0 <= ratio.high
        });
        let holds = holds.count();
        assert!((180..=199).contains(&holds), "{holds} of 200");
    }

    #[test]
    fn a_twentieth_more_is_seen_through_the_noise() {
        let of: Vec<f64> = noisy(7, 0.05).iter().map(|it| it * 1.05).collect();
        let ratio = Ratio::of_pairs(&of, &noisy(8, 0.05));
        assert!(ratio.low > 1.0 && ratio.low < 1.05, "{ratio:?}");
        assert!(ratio.high > 1.05 && ratio.high < 1.1, "{ratio:?}");
    }

    #[test]
    fn the_same_numbers_give_the_same_interval() {
        let (of, to) = (noisy(3, 0.1), noisy(4, 0.1));
        assert_eq!(Ratio::of_pairs(&of, &to), Ratio::of_pairs(&of, &to));
    }

    #[test]
    #[should_panic(expected = "in pairs")]
    fn measurements_without_a_partner_are_refused() {
        pair_ratios(&[1.0, 2.0], &[1.0]);
    }
}
