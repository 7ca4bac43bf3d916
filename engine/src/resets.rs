//! How many stateless resets go out. RFC 9000, section 10.3.3, asks for a limit; quinn's own is one for all, so that who
//! sends packets of no connection would keep a restarted miner's validators from hearing that it restarted.
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use crate::limits;

#[derive(Default)]
pub struct Resets {
    window_from: Option<Instant>,
    in_all: u32,
    /// Resets in this window by source: no more entries than there may be resets.
    by_source: HashMap<IpAddr, u32>,
}

impl Resets {
    /// Whether one more may go to `host` now, which counts it.
    pub fn may_go(&mut self, host: IpAddr, now: Instant) -> bool {
        if self.window_from.is_none_or(|from| now.saturating_duration_since(from) >= limits::RESET_WINDOW) {
            self.window_from = Some(now);
            self.in_all = 0;
            self.by_source.clear();
        }
        if self.in_all >= limits::RESETS_OF_ALL {
            return false;
        }
        let of_source = self.by_source.entry(source(host)).or_default();
        if *of_source >= limits::RESETS_OF_ONE {
            return false;
        }
        *of_source += 1;
        self.in_all += 1;
        true
    }
}

/// Who an address counts as: an IPv6 address is its /64, an IPv4 address in IPv6 itself.
fn source(host: IpAddr) -> IpAddr {
    match host.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn went(resets: &mut Resets, hosts: &[&str], now: Instant) -> usize {
        hosts.iter().filter(|host| resets.may_go(host.parse().unwrap(), now)).count()
    }

    #[test]
    fn ten_go_to_one_host_in_a_second() {
        let (mut resets, start) = (Resets::default(), Instant::now());
        assert_eq!(went(&mut resets, &["192.0.2.1"; 11], start), 10);
        assert_eq!(went(&mut resets, &["::ffff:192.0.2.1"], start), 0);
        assert_eq!(went(&mut resets, &["192.0.2.2"; 11], start), 10);
        assert_eq!(went(&mut resets, &["192.0.2.1"], start + limits::RESET_WINDOW), 1);
    }

    #[test]
    fn all_addresses_of_one_subscriber_are_one_host() {
        let (mut resets, start) = (Resets::default(), Instant::now());
        assert_eq!(went(&mut resets, &["2001:db8:0:1::1"; 6], start), 6);
        assert_eq!(went(&mut resets, &["2001:db8:0:1:ffff::2"; 6], start), 4);
        assert_eq!(went(&mut resets, &["2001:db8:0:2::1"], start), 1);
    }

    #[test]
    fn a_hundred_go_out_in_a_second_and_no_more_is_remembered() {
        let (mut resets, start) = (Resets::default(), Instant::now());
        let hosts: Vec<String> = (0..250).map(|i| format!("198.51.100.{i}")).collect();
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        assert_eq!(went(&mut resets, &hosts, start), 100);
        assert_eq!(resets.by_source.len(), 100);
    }
}
