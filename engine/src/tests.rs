//! Two endpoints over loopback, driven as the shell drives one, without Node.
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::config::{Options, ServerOptions};
use crate::endpoint::Endpoint;
use crate::limits::PeerLimits;
use crate::memory::{Area, COMMAND, Kind, Memory, RECORD};
use crate::receive::Gate;
use crate::streams::stream_id;

/// An ECDSA P-256 key in PKCS #8 and its certificate in X.509, made for these tests.
const KEY: &[u8] = include_bytes!("../tests/key.der");
const CERTIFICATE: &[u8] = include_bytes!("../tests/certificate.der");

/// What a test waits for at most; far more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Open;

impl Gate for Open {
    fn admits(&mut self, _: &str) -> bool {
        true
    }
    fn has_room(&mut self, _: &str) -> bool {
        true
    }
    fn enter(&mut self, _: &str) -> bool {
        true
    }
}

#[derive(Debug)]
struct Told {
    kind: u8,
    id: u64,
    a: u64,
    bytes: Vec<u8>,
    flags: u8,
}

struct End {
    endpoint: Endpoint,
    records: Box<[f64]>,
    arena: Box<[u8]>,
    commands: Box<[f64]>,
    outbox: Box<[u8]>,
    told: Vec<Told>,
}

impl End {
    fn new(options: &Options) -> Self {
        let mut records = vec![0.0; 64 * RECORD].into_boxed_slice();
        let mut arena = vec![0; 16 * 1024].into_boxed_slice();
        let mut commands = vec![0.0; 1 + 16 * COMMAND].into_boxed_slice();
        let mut outbox = vec![0; 4096].into_boxed_slice();
        // SAFETY: the boxes live beside the endpoint, and are looked at only while it does not run.
        let memory = unsafe {
            Memory::new(
                Area::new(records.as_mut_ptr(), records.len()),
                Area::new(arena.as_mut_ptr(), arena.len()),
                Area::new(commands.as_mut_ptr(), commands.len()),
                Area::new(outbox.as_mut_ptr(), outbox.len()),
            )
        };
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let endpoint = Endpoint::new(options, local, memory.unwrap()).unwrap();
        Self { endpoint, records, arena, commands, outbox, told: Vec::new() }
    }

    fn address(&self) -> SocketAddr {
        self.endpoint.socket().local()
    }

    fn turn(&mut self) {
        self.endpoint.notice_unreachable();
        self.endpoint.receive(&mut Open);
        self.endpoint.expire(Instant::now());
        self.endpoint.apply();
        loop {
            let count = self.endpoint.collect();
            if count == 0 {
                break;
            }
            for row in self.records.chunks(RECORD).take(count) {
                let (offset, length) = (row[3] as usize, row[4] as usize);
                self.told.push(Told {
                    kind: row[0] as u8,
                    id: row[1] as u64,
                    a: row[2] as u64,
                    bytes: self.arena[offset..offset + length].to_vec(),
                    flags: row[5] as u8,
                });
            }
        }
        self.endpoint.transmit(Instant::now());
    }

    /// As JavaScript posts a small write.
    fn post(&mut self, id: u64, stream: u64, bytes: &[u8], fin: bool) {
        let count = self.commands[0] as usize;
        assert_eq!(count, 0, "one at a time");
        self.outbox[..bytes.len()].copy_from_slice(bytes);
        let row = [id as f64, stream as f64, 0.0, bytes.len() as f64, f64::from(fin)];
        self.commands[1..1 + COMMAND].copy_from_slice(&row);
        self.commands[0] = 1.0;
        self.endpoint.apply();
    }

    fn seen(&self, kind: Kind) -> Option<&Told> {
        self.told.iter().find(|told| told.kind == kind as u8)
    }

    fn bytes_of(&self, stream: u64) -> Vec<u8> {
        let data = self.told.iter().filter(|told| told.kind == Kind::Data as u8 && told.a == stream);
        data.flat_map(|told| told.bytes.iter().copied()).collect()
    }
}

fn until(ends: &mut [&mut End], mut holds: impl FnMut(&mut [&mut End]) -> bool) {
    let begin = Instant::now();
    while !holds(ends) {
        assert!(begin.elapsed() < PATIENCE, "it never came");
        for end in ends.iter_mut() {
            end.turn();
        }
    }
}

const LIMITS: PeerLimits = PeerLimits {
    half_open_bytes: 24 * 1024,
    half_open_time: Duration::from_secs(10),
    stranger_bytes: 96 * 1024,
    overhead_bytes: 32 * 1024 * 1024,
    packets: 128,
};

fn options(server: bool) -> Options {
    Options {
        idle_timeout_ms: 10_000,
        keep_alive_ms: 5000,
        stream_window: 1_250_000,
        max_streams: 128,
        limits: LIMITS,
        server: server.then(|| ServerOptions {
            key: KEY.to_vec(),
            certificate: CERTIFICATE.to_vec(),
            validate: true,
            reset_secret: vec![7; 32],
        }),
    }
}

/// A server, a client, and how each calls the connection.
fn connected() -> (End, End, u64, u64) {
    let (mut server, mut client) = (End::new(&options(true)), End::new(&options(false)));
    let ours = client.endpoint.dial(server.address()).unwrap();
    until(&mut [&mut server, &mut client], |ends| {
        ends[0].seen(Kind::Connected).is_some() && ends[1].seen(Kind::Credit).is_some()
    });
    let theirs = server.seen(Kind::Connected).unwrap().id;
    server.endpoint.touch(theirs).unwrap().trust();
    (server, client, theirs, ours)
}

#[test]
fn a_newcomer_is_asked_to_prove_its_address() {
    let (server, client, ..) = connected();
    assert_eq!(server.endpoint.counters.retries, 1);
    assert_eq!(server.seen(Kind::Connected).unwrap().bytes, b"127.0.0.1");
    assert!(client.seen(Kind::Credit).unwrap().a >= 1);
}

#[test]
fn a_crowd_of_newcomers_is_not_looked_at_and_keeps_nobody_from_being_served() {
    let (mut server, mut client, _, ours) = connected();
    // As after a crowd that came later than anything here.
    let later = Instant::now() + 2 * PATIENCE;
    while server.endpoint.newcomers.may_enter(&[0xc0], later) {}
    let mut late = End::new(&options(false));
    late.endpoint.dial(server.address()).unwrap();
    until(&mut [&mut server, &mut late], |ends| ends[0].endpoint.counters.crowded > 0);
    client.post(ours, 0, b"ask", true);
    until(&mut [&mut server, &mut client], |ends| ends[0].bytes_of(0) == b"ask");
    assert_eq!(server.endpoint.counters.retries, 1);
    assert_eq!(server.endpoint.live(), 1);
}

#[test]
fn bytes_go_both_ways_and_more_than_fits_goes_on() {
    let (mut server, mut client, theirs, ours) = connected();
    let sent: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
    let mut written = 0;
    client.post(ours, 0, b"ask", true);
    until(&mut [&mut server, &mut client], |ends| {
        let started = ends[0].seen(Kind::Data).is_some();
        if started && written < sent.len() {
            let connection = ends[0].endpoint.touch(theirs).unwrap();
            written += connection.write(stream_id(0), &sent[written..], true).unwrap();
        }
        ends[1].told.iter().any(|told| told.kind == Kind::Data as u8 && told.flags & 1 == 1)
    });
    assert_eq!(server.bytes_of(0), b"ask");
    assert!(client.bytes_of(0) == sent, "the bytes differ");
}

#[test]
fn what_is_posted_to_a_full_stream_is_kept_and_told_of() {
    let (mut server, mut client, theirs, ours) = connected();
    client.endpoint.touch(ours).unwrap();
    let fill = vec![1; 20_000_000];
    let taken = client.endpoint.touch(ours).unwrap().write(stream_id(0), &fill, false).unwrap();
    assert!(taken < fill.len());
    client.post(ours, 0, b"tail", true);
    until(&mut [&mut server, &mut client], |ends| {
        ends[1].seen(Kind::Blocked).is_some() && ends[1].seen(Kind::CanWrite).is_some()
    });
    until(&mut [&mut server, &mut client], |ends| ends[0].bytes_of(0).ends_with(b"tail"));
    assert_eq!(server.bytes_of(0).len(), taken + 4);
    assert!(server.endpoint.touch(theirs).is_some());
}

#[test]
fn what_the_peer_stopped_after_the_end_does_not_hold_up_a_flush() {
    let (mut server, mut client, theirs, ours) = connected();
    client.post(ours, 0, b"ask", true);
    until(&mut [&mut server, &mut client], |ends| ends[0].seen(Kind::Data).is_some());
    // More than the client has room for, then finished as far as quinn takes it.
    let connection = server.endpoint.touch(theirs).unwrap();
    connection.write(stream_id(0), &vec![0; 1_000_000], true).unwrap();
    assert!(!connection.flush());
    client.endpoint.touch(ours).unwrap().reset(stream_id(0));
    until(&mut [&mut server, &mut client], |ends| ends[0].seen(Kind::Flushed).is_some());
}

#[test]
fn a_stranger_who_sends_too_much_is_cut_off() {
    let (mut server, mut client) = (End::new(&options(true)), End::new(&options(false)));
    let ours = client.endpoint.dial(server.address()).unwrap();
    until(&mut [&mut server, &mut client], |ends| ends[1].seen(Kind::Credit).is_some());
    let mut stream = 0;
    until(&mut [&mut server, &mut client], |ends| {
        let connection = ends[1].endpoint.touch(ours).unwrap();
        // A stream is given up as soon as its window is full, so that datagrams go on.
        connection.write(stream_id(stream), &[0; 32_000], false);
        connection.reset(stream_id(stream));
        stream += 4;
        ends[0].seen(Kind::Closed).is_some()
    });
    assert_eq!(server.seen(Kind::Closed).unwrap().bytes, b"too many bytes before the handshake");
    assert_eq!(server.endpoint.live(), 0);
}

#[test]
fn a_newcomer_that_leaves_just_before_its_time_is_over_is_forgotten() {
    let (mut server, mut client) = (End::new(&options(true)), End::new(&options(false)));
    let ours = client.endpoint.dial(server.address()).unwrap();
    until(&mut [&mut client, &mut server], |ends| ends[1].endpoint.live() == 1);
    client.endpoint.touch(ours).unwrap().close(Instant::now(), 0, "gone".into());
    client.endpoint.transmit(Instant::now());
    until(&mut [&mut server], |ends| {
        ends[0].endpoint.table.at(0).is_none_or(|connection| connection.quic.is_closed())
    });
    // Its deadline comes while its end is still being kept.
    let late = Instant::now() + LIMITS.half_open_time;
    for _ in 0..10 {
        server.endpoint.expire(late);
        server.endpoint.collect();
        server.endpoint.transmit(late);
    }
    assert_eq!(server.endpoint.live(), 0);
    assert!(server.endpoint.next_deadline().is_none_or(|at| at > late));
}

#[test]
fn a_newcomer_that_left_has_its_place_no_longer_than_one_that_stayed() {
    // Shorter than quinn keeps the end of a connection whose round trip nobody knows.
    let limits = PeerLimits { half_open_time: Duration::from_millis(500), ..LIMITS };
    let (mut server, mut client) =
        (End::new(&Options { limits, ..options(true) }), End::new(&options(false)));
    let ours = client.endpoint.dial(server.address()).unwrap();
    until(&mut [&mut client, &mut server], |ends| ends[1].endpoint.live() == 1);
    let late = Instant::now() + limits.half_open_time;
    client.endpoint.touch(ours).unwrap().close(Instant::now(), 0, "gone".into());
    client.endpoint.transmit(Instant::now());
    until(&mut [&mut server], |ends| {
        ends[0].endpoint.table.at(0).is_none_or(|connection| connection.quic.is_closed())
    });
    server.endpoint.expire(late);
    server.turn();
    assert_eq!(server.endpoint.live(), 0);
    assert!(server.seen(Kind::HalfOpenGone).is_some());
}

#[test]
fn a_closed_port_is_told_at_once() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut client = End::new(&options(false));
    client.endpoint.dial(closed).unwrap();
    until(&mut [&mut client], |ends| ends[0].seen(Kind::Closed).is_some());
    let reason = String::from_utf8(client.seen(Kind::Closed).unwrap().bytes.clone()).unwrap();
    assert_eq!(reason, format!("port {} of 127.0.0.1 is closed", closed.port()));
    assert_eq!(client.endpoint.live(), 0);
}

#[test]
fn a_port_that_was_closed_and_is_open_again_is_not_closed() {
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut client = End::new(&options(false));
    let before = client.endpoint.dial(address).unwrap();
    client.endpoint.transmit(Instant::now()); // the kernel now knows that nobody is there
    let _back = UdpSocket::bind(address).unwrap();
    let after = client.endpoint.dial(address).unwrap();
    client.turn();
    assert!(client.endpoint.touch(before).is_none());
    assert!(client.endpoint.touch(after).is_some());
}

#[test]
fn a_handle_that_is_used_again_is_another_connection() {
    let (mut server, mut client, theirs, ours) = connected();
    client.endpoint.touch(ours).unwrap().close(Instant::now(), 0, "done".into());
    until(&mut [&mut server, &mut client], |ends| ends.iter().all(|end| end.endpoint.live() == 0));
    assert_eq!(server.seen(Kind::Closed).unwrap().bytes, b"done");
    let again = client.endpoint.dial(server.address()).unwrap();
    assert_ne!(again, ours);
    assert!(client.endpoint.touch(ours).is_none());
    assert!(server.endpoint.touch(theirs).is_none());
    assert!(client.endpoint.touch(again).is_some());
}

#[test]
fn newcomers_are_refused_while_it_stops() {
    let (mut server, mut client) = (End::new(&options(true)), End::new(&options(false)));
    server.endpoint.refuse_new();
    client.endpoint.dial(server.address()).unwrap();
    until(&mut [&mut server, &mut client], |ends| ends[1].seen(Kind::Closed).is_some());
    // CONNECTION_REFUSED (RFC 9000, section 20.1)
    assert_eq!(client.seen(Kind::Closed).unwrap().a, 2);
    assert_eq!(server.endpoint.live(), 0);
}

#[test]
fn as_many_streams_as_promised_are_open_at_once() {
    let (mut server, mut client, _, ours) = connected();
    // Some come and go, so that quinn is in the middle of an eighth.
    for n in 0..37u64 {
        client.post(ours, n * 4, b"x", true);
        client.endpoint.touch(ours).unwrap().reset(stream_id(n * 4));
        for _ in 0..3 {
            server.turn();
            client.turn();
        }
    }
    let mut opened = 37;
    until(&mut [&mut server, &mut client], |ends| {
        let credit =
            ends[1].told.iter().filter(|told| told.kind == Kind::Credit as u8).map(|told| told.a).max();
        if opened < credit.unwrap() {
            ends[1].post(ours, opened * 4, b"held", false);
            opened += 1;
        }
        opened == 37 + 128
    });
    until(&mut [&mut server, &mut client], |ends| ends[0].bytes_of((opened - 1) * 4) == b"held");
}
