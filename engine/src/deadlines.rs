//! When each connection wants to be looked at: one entry each, so that nothing is scanned and nothing piles up.
use std::collections::BTreeSet;
use std::time::Instant;

#[derive(Default)]
pub struct Deadlines {
    ordered: BTreeSet<(Instant, usize)>,
}

impl Deadlines {
    pub fn next(&self) -> Option<Instant> {
        self.ordered.first().map(|&(at, _)| at)
    }

    /// Moves the entry of `handle` to `wanted`, if that is earlier. One that moves later stays: it is looked at again
    /// when it comes, which costs less than moving it with every packet.
    pub fn bring_forward(&mut self, handle: usize, entry: &mut Option<Instant>, wanted: Instant) {
        if entry.is_some_and(|at| at <= wanted) {
            return;
        }
        self.remove(handle, entry);
        self.ordered.insert((wanted, handle));
        *entry = Some(wanted);
    }

    pub fn remove(&mut self, handle: usize, entry: &mut Option<Instant>) {
        if let Some(at) = entry.take() {
            self.ordered.remove(&(at, handle));
        }
    }

    /// Takes out the first handle whose time has come; its entry is gone.
    pub fn pop(&mut self, now: Instant) -> Option<usize> {
        let &(at, handle) = self.ordered.first()?;
        if at > now {
            return None;
        }
        self.ordered.pop_first();
        Some(handle)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn keeps_one_entry_each_and_moves_it_forward_only() {
        let now = Instant::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        let mut deadlines = Deadlines::default();
        let (mut one, mut two) = (None, None);
        deadlines.bring_forward(1, &mut one, later(9));
        deadlines.bring_forward(2, &mut two, later(5));
        deadlines.bring_forward(1, &mut one, later(3));
        deadlines.bring_forward(1, &mut one, later(8));
        assert_eq!(deadlines.next(), Some(later(3)));
        assert_eq!(deadlines.pop(now), None);
        assert_eq!(deadlines.pop(later(4)), Some(1));
        assert_eq!(deadlines.pop(later(9)), Some(2));
        assert_eq!(deadlines.pop(later(99)), None);
    }
}
