//! IP addresses as text, with the zone that an IPv6 neighbour's has (`fe80::1%eth0`).
use std::ffi::{CStr, CString};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Reads `host` as JavaScript has it.
pub fn parse(host: &str, port: u16) -> Result<SocketAddr, String> {
    let (address, zone) = match host.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (host, None),
    };
    let ip: IpAddr = address.parse().map_err(|_| format!("{host} is no IP address"))?;
    match (ip, zone) {
        (IpAddr::V6(ip), Some(zone)) => Ok(SocketAddrV6::new(ip, port, 0, scope(zone)?).into()),
        (ip, _) => Ok(SocketAddr::new(ip, port)),
    }
}

fn scope(zone: &str) -> Result<u32, String> {
    if let Ok(number) = zone.parse() {
        return Ok(number);
    }
    let name = CString::new(zone).map_err(|_| format!("{zone:?} is no network interface"))?;
    // SAFETY: `name` is a C string that lives through the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(format!("there is no network interface {zone:?}")),
        index => Ok(index),
    }
}

/// The host of `address`, as Node's own sockets write it.
pub fn host(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 && is_link_local(v6.ip()) => {
            format!("{}%{}", v6.ip(), zone(v6.scope_id()))
        }
        _ => address.ip().to_string(),
    }
}

fn is_link_local(ip: &Ipv6Addr) -> bool {
    ip.segments()[0] & 0xffc0 == 0xfe80
}

fn zone(index: u32) -> String {
    let mut name = [0 as libc::c_char; libc::IF_NAMESIZE];
    // SAFETY: `name` has the IF_NAMESIZE bytes that the call may write, with the zero at their end.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr()) };
    if found.is_null() {
        return index.to_string();
    }
    // SAFETY: the call succeeded, so `name` is a C string.
    unsafe { CStr::from_ptr(name.as_ptr()) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_addresses() {
        for text in ["127.0.0.1", "::1", "2001:db8::7", "::ffff:192.0.2.1"] {
            assert_eq!(host(&parse(text, 80).unwrap()), text);
        }
    }

    #[test]
    fn knows_zones_by_name_and_by_number() {
        let named = parse("fe80::1%lo", 80).unwrap();
        assert_eq!(host(&named), "fe80::1%lo");
        let SocketAddr::V6(v6) = named else { panic!("not IPv6") };
        assert_eq!(parse(&format!("fe80::1%{}", v6.scope_id()), 80).unwrap(), named);
    }

    #[test]
    fn says_what_is_no_address() {
        for text in ["localhost", "", "fe80::1%no such interface", "1.2.3"] {
            assert!(parse(text, 80).is_err(), "{text}");
        }
    }
}
