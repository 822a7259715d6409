//! How well batches compress: Kafka's `CompressionRatioEstimator`, in thousandths. A batch takes records until it would, by this estimate,
//! be full once it is compressed (KIP-126); if the estimate was too good, a leader may find the batch too large.

/// Compressed bytes for a thousand bytes of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ratio(u16);

impl Ratio {
    /// Before anything is known: as if nothing were compressed.
    pub(super) const INITIAL: Self = Self(1000);

    /// How far an estimate goes down with a batch that compressed better.
    const IMPROVING_STEP: u16 = 5;

    /// How far it goes up, at least, with one that compressed worse.
    const DETERIORATING_STEP: u16 = 50;

    /// The ratio of a batch.
    pub(super) fn of(compressed: usize, uncompressed: usize) -> Self {
        let thousandths = (compressed * 1000).checked_div(uncompressed).unwrap_or(1000);
        Self(u16::try_from(thousandths).unwrap_or(u16::MAX))
    }

    /// The next estimate, after a batch of this ratio.
    pub(super) fn after(self, observed: Self) -> Self {
        if observed > self {
            observed.max(Self(self.0.saturating_add(Self::DETERIORATING_STEP)))
        } else {
            observed
                .max(Self(self.0.saturating_sub(Self::IMPROVING_STEP)))
                .min(self)
        }
    }

    /// How many bytes so many would probably be, and a twentieth to be safe.
    pub(super) fn estimate(self, uncompressed: usize) -> usize {
        uncompressed * usize::from(self.0) * 105 / 100_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_slow_to_hope_and_quick_to_fear() {
        let mut ratio = Ratio::INITIAL;
        for (observed, expected) in [
            (300, 995),
            (300, 990),
            (988, 988),
            (988, 988),
            (1000, 1038),
            (2000, 2000),
        ] {
            ratio = ratio.after(Ratio(observed));
            assert_eq!(ratio, Ratio(expected), "{observed}");
        }
    }

    #[test]
    fn an_estimate_is_on_the_safe_side() {
        assert_eq!(Ratio::of(30, 120), Ratio(250));
        assert_eq!(Ratio(250).estimate(1000), 262);
        assert_eq!(Ratio::of(usize::from(u16::MAX), 1), Ratio(u16::MAX));
    }
}
