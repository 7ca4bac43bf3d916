//! Pure. Whether the peer has gone quiet: it, or the way to it, may be gone long before the idle timeout says so.
use std::time::{Duration, Instant};

use crate::limits;

#[derive(Default)]
pub struct Silence {
    /// When something was sent that the peer had to acknowledge, and did not.
    asked_at: Option<Instant>,
    is_silent: bool,
    /// What its owner was told last.
    is_told: bool,
}

impl Silence {
    pub fn heard(&mut self) {
        self.asked_at = None;
        self.is_silent = false;
    }

    /// QUIC itself repeats what is not acknowledged, so that a question comes to be counted, if not the first one.
    pub fn sent(&mut self, now: Instant, heard_at: Instant) {
        if self.asked_at.is_none() && now >= heard_at + limits::ANSWERING {
            self.asked_at = Some(now);
        }
    }

    pub fn deadline(&self, round_trip: Duration) -> Option<Instant> {
        let asked_at = self.asked_at.filter(|_| !self.is_silent)?;
        Some(asked_at + limits::SILENCE + 2 * round_trip)
    }

    pub fn expire(&mut self, now: Instant, round_trip: Duration) {
        let Some(due) = self.deadline(round_trip).filter(|due| *due <= now) else { return };
        if now >= due + limits::OWN_DELAY {
            self.asked_at = Some(now); // another time, with what has come read before
        } else {
            self.is_silent = true;
        }
    }

    /// What the owner has to be told, once.
    pub fn news(&mut self) -> Option<bool> {
        if self.is_silent == self.is_told {
            return None;
        }
        self.is_told = self.is_silent;
        Some(self.is_silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(40);
    const LIMIT: Duration = Duration::from_millis(580);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn asked() -> (Silence, Instant) {
        let now = Instant::now();
        let mut silence = Silence::default();
        silence.sent(now, now - ms(100));
        (silence, now)
    }

    #[test]
    fn an_acknowledgement_asks_for_nothing() {
        let now = Instant::now();
        let mut silence = Silence::default();
        silence.sent(now, now - ms(99));
        assert_eq!(silence.deadline(ROUND_TRIP), None);
    }

    #[test]
    fn who_does_not_answer_is_silent_until_it_does() {
        let (mut silence, asked_at) = asked();
        silence.sent(asked_at + ms(200), asked_at - ms(100));
        assert_eq!(silence.deadline(ROUND_TRIP), Some(asked_at + LIMIT));
        silence.expire(asked_at + LIMIT - ms(1), ROUND_TRIP);
        assert_eq!(silence.news(), None);
        silence.expire(asked_at + LIMIT, ROUND_TRIP);
        assert_eq!((silence.news(), silence.news()), (Some(true), None));
        assert_eq!(silence.deadline(ROUND_TRIP), None);
        silence.heard();
        assert_eq!((silence.news(), silence.news()), (Some(false), None));
    }

    #[test]
    fn who_is_heard_in_time_never_was() {
        let (mut silence, asked_at) = asked();
        silence.heard();
        silence.expire(asked_at + LIMIT, ROUND_TRIP);
        assert_eq!(silence.news(), None);
    }

    #[test]
    fn an_end_that_was_busy_itself_asks_once_more() {
        let (mut silence, asked_at) = asked();
        let late = asked_at + LIMIT + ms(50);
        silence.expire(late, ROUND_TRIP);
        assert_eq!(silence.news(), None);
        assert_eq!(silence.deadline(ROUND_TRIP), Some(late + LIMIT));
    }
}
