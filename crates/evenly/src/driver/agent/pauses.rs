//! Back-off of an agent between two tries to find a primary.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Pauses that double up to [`LONGEST`], and the last reason that was reported meanwhile.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    taken: u32,
    reported: Option<String>,
}

impl Pauses {
    /// The next pause.
    pub(super) fn next(&mut self) -> Duration {
        let pause = SHORTEST * (1 << self.taken.min(5));
        self.taken += 1;
        pause.min(LONGEST)
    }

    /// Whether this reason is another one than the last. So an agent that meets the same obstacle again reports it once.
    pub(super) fn is_news(&mut self, why: &str) -> bool {
        let is_news = self.reported.as_deref() != Some(why);
        self.reported = Some(why.to_owned());
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds_and_a_reason_is_news_once() {
        let mut pauses = Pauses::default();
        let millis: Vec<u128> = (0..8).map(|_| pauses.next().as_millis()).collect();
        assert_eq!(millis, [200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
        let news = ["a", "a", "b", "b", "a"].map(|why| pauses.is_news(why));
        assert_eq!(news, [true, false, true, false, true]);
    }
}
