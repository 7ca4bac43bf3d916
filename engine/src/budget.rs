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
/// What is under way at most of a stream that we give up: its window, which is 1 MiB unless an option says more.
const GIVEN_UP: usize = 4 * 1024 * 1024;
/// The longest datagram that path MTU discovery comes to.
const LONGEST_DATAGRAM: usize = 1452;

pub struct Budget {
    left: i64,
    most: i64,
    /// Bytes that came, and frames that there were, since it was last looked whose bytes they are.
    came: usize,
    frames: u64,
}

impl Budget {
    pub fn new(bytes: u32) -> Self {
        Self { left: bytes.into(), most: bytes.into(), came: 0, frames: 0 }
    }

    /// A datagram came. False when there is nothing left.
    pub fn received(&mut self, bytes: usize) -> bool {
        self.came += bytes;
        self.left -= bytes as i64;
        self.left >= 0
    }

    /// Takes back what was not the peer's: anybody who sees a connection's packets can send more in its name, and none that
    /// can be decrypted. Those that can each have a frame; `frames` are those since the start. False when nothing is left.
    pub fn is_of_peer(&mut self, frames: u64) -> bool {
        let most = (frames - self.frames) as usize * LONGEST_DATAGRAM;
        self.refill(self.came.saturating_sub(most));
        (self.came, self.frames) = (0, frames);
        self.left >= 0
    }

    /// We gave up a stream that we asked for: what is still under way is not the peer's fault.
    pub fn gave_up(&mut self) {
        self.refill(GIVEN_UP);
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
    fn is_left_to_the_peer_by_those_who_send_in_its_name() {
        let mut budget = Budget::new(1000 * FULL as u32);
        for datagram in 0..10_000 {
            // One in a hundred is the peer's.
            assert!(budget.received(FULL) || budget.is_of_peer(datagram / 100));
        }
        let mut budget = Budget::new(1000 * FULL as u32);
        let datagrams =
            (0..).take_while(|&frames| budget.received(FULL) || budget.is_of_peer(frames + 1)).count();
        assert_eq!(datagrams, 1000);
    }

    #[test]
    fn is_refilled_for_what_we_gave_up() {
        let mut budget = Budget::new(32 * MIB as u32);
        for _ in 0..1000 {
            budget.gave_up();
            assert!(budget.received(7 * MIB / 2));
        }
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
