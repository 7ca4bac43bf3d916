//! How many first packets of strangers are answered. The keys of one, a token and a datagram take some ten microseconds,
//! which a flood of them would take from the connections that there are; one that is dropped takes a quarter at most.
use std::time::Instant;

use crate::limits;

/// Where the first bytes of a long header end: its first byte and the version (RFC 8999).
const DCID_LENGTH_AT: usize = 5;

#[derive(Default)]
pub struct Newcomers {
    asking: Allowance,
    /// Who was answered once comes back with a token: a flood of those who were not must not be in its way.
    returning: Allowance,
}

impl Newcomers {
    /// Whether this packet with a long header is looked at now, which counts it.
    pub fn may_enter(&mut self, packet: &[u8], now: Instant) -> bool {
        let allowance = if brings_token(packet) { &mut self.returning } else { &mut self.asking };
        allowance.take(now)
    }
}

/// Flows in all the time, rather than anew each second: who asks again after a whole number of seconds would otherwise
/// come at the same wrong moment each time.
#[derive(Default)]
struct Allowance {
    left: f64,
    filled_at: Option<Instant>,
}

impl Allowance {
    fn take(&mut self, now: Instant) -> bool {
        let most = limits::NEWCOMERS_AT_ONCE;
        let gained = match self.filled_at {
            None => most,
            Some(at) => now.saturating_duration_since(at).as_secs_f64() * limits::NEWCOMERS_A_SECOND,
        };
        self.left = (self.left + gained).min(most);
        self.filled_at = self.filled_at.max(Some(now));
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

/// Whether there is a token, good or not, where a first packet of version 1 has it (RFC 9000, section 17.2.2).
fn brings_token(packet: &[u8]) -> bool {
    let after_id = |at: usize| packet.get(at).map(|&length| at + 1 + usize::from(length));
    let token = after_id(DCID_LENGTH_AT).and_then(after_id).and_then(|at| packet.get(at));
    token.is_some_and(|&length| length != 0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ASKING: [u8; 9] = [0xc0, 0, 0, 0, 1, 1, 0xaa, 0, 0];
    const RETURNING: [u8; 10] = [0xc0, 0, 0, 0, 1, 1, 0xaa, 0, 1, 0xbb];

    fn entered(newcomers: &mut Newcomers, packet: &[u8], count: usize, now: Instant) -> usize {
        (0..count).filter(|_| newcomers.may_enter(packet, now)).count()
    }

    #[test]
    fn so_many_are_looked_at_in_one_moment_and_then_as_many_as_flow_in() {
        let (mut newcomers, start) = (Newcomers::default(), Instant::now());
        assert_eq!(entered(&mut newcomers, &ASKING, 5000, start), 1000);
        assert_eq!(entered(&mut newcomers, &ASKING, 5000, start + Duration::from_millis(10)), 100);
        assert_eq!(entered(&mut newcomers, &ASKING, 5000, start), 0);
        assert_eq!(entered(&mut newcomers, &ASKING, 5000, start + Duration::from_secs(60)), 1000);
    }

    #[test]
    fn who_comes_back_with_a_token_has_an_allowance_of_his_own() {
        let (mut newcomers, start) = (Newcomers::default(), Instant::now());
        assert_eq!(entered(&mut newcomers, &ASKING, 1001, start), 1000);
        assert_eq!(entered(&mut newcomers, &RETURNING, 1001, start), 1000);
    }

    #[test]
    fn a_packet_that_ends_too_early_brings_no_token() {
        for end in 0..RETURNING.len() - 1 {
            assert!(!brings_token(&RETURNING[..end]));
        }
        assert!(brings_token(&RETURNING));
        assert!(!brings_token(&ASKING));
        assert!(!brings_token(&[0xff; 40]));
    }
}
