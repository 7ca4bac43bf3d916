//! Gives memory back to the system after many connections have left. glibc keeps what was freed for later, and so a
//! miner would stay as large as it ever was.
use std::time::Instant;

use crate::limits;

#[derive(Default)]
pub struct Tidy {
    /// Connections that left since the last time.
    left: usize,
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Tidy {
    /// A connection has left.
    pub fn note(&mut self, now: Instant) {
        self.left += 1;
        if self.left < limits::TIDY_AFTER || self.due.is_some() {
            return;
        }
        let soonest = now + limits::TIDY_DELAY;
        self.due = Some(self.last.map_or(soonest, |last| soonest.max(last + limits::TIDY_INTERVAL)));
    }

    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// True when it is time.
    pub fn takes_turn(&mut self, now: Instant) -> bool {
        if self.due.is_none_or(|at| at > now) {
            return false;
        }
        *self = Self { left: 0, last: Some(now), due: None };
        true
    }
}

/// Other allocators than glibc's do so by themselves.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back() {
    // SAFETY: it may be called at any time.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn waits_for_many_and_for_its_interval() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut tidy = Tidy::default();
        let many = |tidy: &mut Tidy, now| (0..limits::TIDY_AFTER).for_each(|_| tidy.note(now));

        (1..limits::TIDY_AFTER).for_each(|_| tidy.note(start));
        assert_eq!(tidy.due(), None);
        tidy.note(start);
        let due = start + limits::TIDY_DELAY;
        assert_eq!(tidy.due(), Some(due));
        many(&mut tidy, at(1)); // does not put it off
        assert!(!tidy.takes_turn(start));
        assert!(tidy.takes_turn(due));
        assert!(!tidy.takes_turn(due));

        many(&mut tidy, due);
        assert_eq!(tidy.due(), Some(due + limits::TIDY_INTERVAL));
        assert!(tidy.takes_turn(due + limits::TIDY_INTERVAL));
        many(&mut tidy, at(1000));
        assert_eq!(tidy.due(), Some(at(1000) + limits::TIDY_DELAY));
    }
}
