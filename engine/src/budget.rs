//! What a peer may send that carries nothing, so that it cannot keep us busy, or have us keep things, with no end:
//! fragments with gaps, frames of no use, packets that come twice. `src/transport/overhead-budget.ts` is the same for the
//! other engine.

/// Of the bytes that were delivered, refilled besides: headers, acknowledgements, packets sent again.
const DELIVERED_BESIDES: usize = 4;
/// For each stream that the peer finished: the smallest request is a datagram and an acknowledgement of our answer.
const STREAM: usize = 256;
/// Of the bytes that we send: the peer acknowledges them.
const SENT_PART: usize = 4;
/// For each datagram that we send, however small: its acknowledgement.
const DATAGRAM: usize = 32;

pub struct Budget {
    left: i64,
    most: i64,
}

impl Budget {
    pub fn new(bytes: u32) -> Self {
        Self { left: bytes.into(), most: bytes.into() }
    }

    /// A datagram came. False when there is nothing left.
    pub fn received(&mut self, bytes: usize) -> bool {
        self.left -= bytes as i64;
        self.left >= 0
    }

    pub fn is_empty(&self) -> bool {
        self.left < 0
    }

    /// Bytes of a stream were given to the owner, who is told that they were the last.
    pub fn delivered(&mut self, bytes: usize, is_last: bool) {
        self.refill(bytes + bytes / DELIVERED_BESIDES + if is_last { STREAM } else { 0 });
    }

    pub fn sent(&mut self, datagrams: usize, bytes: usize) {
        self.refill(bytes / SENT_PART + datagrams * DATAGRAM);
    }

    fn refill(&mut self, bytes: usize) {
        self.left = self.most.min(self.left + bytes as i64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;
    /// The lengths of datagrams on the wire: full, an acknowledgement, a small request.
    const FULL: usize = 1452;
    const ACK: usize = 40;

    #[test]
    fn is_empty_below_nothing() {
        let mut budget = Budget::new(1000);
        assert!(budget.received(1000));
        assert!(!budget.received(1));
        assert!(budget.is_empty());
    }

    #[test]
    fn is_refilled_up_to_what_it_was() {
        let mut budget = Budget::new(1000);
        budget.sent(100, 100_000);
        assert!(budget.received(1000));
        budget.delivered(400, false); // 500
        budget.delivered(0, true); // 256
        budget.sent(1, 100); // 57
        assert!(budget.received(813));
        assert!(!budget.received(1));
    }

    #[test]
    fn lasts_for_ever_for_whoever_is_honest() {
        type Step = fn(&mut Budget) -> bool;
        let honest: [(&str, Step); 4] = [
            ("uploads, a tenth of it twice", |budget| {
                budget.delivered(10 * 1400, false);
                budget.sent(5, 5 * ACK);
                (0..11).all(|_| budget.received(FULL))
            }),
            ("asks what fits into a few bytes", |budget| {
                budget.delivered(20, true);
                budget.sent(1, 60);
                budget.received(80) && budget.received(ACK)
            }),
            ("reads a stream of small chunks", |budget| {
                budget.sent(2, 2 * 50);
                budget.received(ACK)
            }),
            ("downloads", |budget| {
                budget.sent(2, 2 * FULL);
                budget.received(ACK)
            }),
        ];
        for (what, step) in honest {
            let mut budget = Budget::new(8 * 1024 * 1024);
            assert!((0..1_000_000).all(|_| step(&mut budget)), "{what}");
        }
    }

    #[test]
    fn ends_for_whoever_sends_what_carries_nothing() {
        let mut budget = Budget::new(32 * MIB as u32);
        let datagrams = (0..).take_while(|_| budget.received(FULL)).count();
        assert_eq!(datagrams, 32 * MIB / FULL);
        // Nor does it help that we acknowledge it.
        let mut budget = Budget::new(32 * MIB as u32);
        let steps = (0..10 * MIB).take_while(|_| {
            budget.sent(1, ACK);
            budget.received(ACK) && budget.received(ACK)
        });
        assert!(steps.count() < 2 * MIB);
    }
}
