//! From the socket to the connections, and what becomes of datagrams that have none.
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use bytes::BytesMut;
use quinn_proto::{DatagramEvent, EcnCodepoint, Incoming, Transmit};

use crate::address;
use crate::endpoint::Endpoint;
use crate::limits;

/// Who decides about those that have no connection. Addresses are text, as Node's sockets write them.
pub trait Gate {
    /// Whether anything is taken from this address.
    fn admits(&mut self, host: &str) -> bool;
    /// Whether there is a place for a newcomer at all.
    fn has_room(&mut self, host: &str) -> bool;
    /// Takes a place for one that is known to be where it says, until it is told of as connected or gone.
    fn enter(&mut self, host: &str) -> bool;
}

/// Where a datagram came from, and when.
#[derive(Clone, Copy)]
pub struct Origin {
    pub from: SocketAddr,
    pub to: Option<IpAddr>,
    pub ecn: Option<EcnCodepoint>,
    pub at: Instant,
}

/// Of the same link, and so with a zone: quinn's tokens leave it out, and would never be good. Who forges such an address
/// is on the link, and hears what is sent to it.
fn is_neighbour(address: &SocketAddr) -> bool {
    matches!(address, SocketAddr::V6(v6) if v6.scope_id() != 0)
}

/// The first bit of a packet with a long header (RFC 8999).
const LONG_HEADER: u8 = 0x80;

impl Endpoint {
    /// Reads what has arrived, for a bounded time.
    pub fn receive(&mut self, gate: &mut dyn Gate) {
        let begin = Instant::now();
        let mut now = begin;
        let mut batch = std::mem::take(&mut self.batch);
        for _ in 0..limits::BATCHES {
            self.socket.receive(&mut batch);
            self.counters.receive_calls += 1;
            for train in batch.trains() {
                let origin = Origin { from: train.from, to: train.to, ecn: train.ecn, at: now };
                for datagram in train.bytes.chunks(train.stride) {
                    self.datagram(origin, datagram, gate);
                }
            }
            now = Instant::now();
            if !batch.is_full() || now - begin > limits::RECEIVE_TIME {
                break;
            }
        }
        self.batch = batch;
    }

    fn datagram(&mut self, origin: Origin, datagram: &[u8], gate: &mut dyn Gate) {
        self.counters.datagrams_in += 1;
        self.counters.bytes_in += datagram.len() as u64;
        if self.listens() && !self.table.knows(&origin.from) {
            if !gate.admits(&address::host(&origin.from)) {
                return;
            }
            if origin.from.port() == 0 {
                self.counters.malformed += 1;
                return;
            }
            let is_long = datagram.first().is_some_and(|first| first & LONG_HEADER != 0);
            if is_long && !self.newcomers.may_enter(datagram, origin.at) {
                self.counters.crowded += 1;
                return;
            }
        }
        let Origin { from, to, ecn, at } = origin;
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        match self.quic.handle(at, from, to, ecn, BytesMut::from(datagram), &mut scratch) {
            Some(DatagramEvent::ConnectionEvent(handle, event)) => {
                if let Some(connection) = self.table.at(handle.0) {
                    // THREATS M1: quinn drops it, too, and would not tell.
                    if connection.remote != from {
                        self.counters.pinned += 1;
                    } else {
                        if connection.takes(datagram.len(), at) {
                            connection.quic.handle_event(event);
                        }
                        self.table.mark(handle.0);
                    }
                }
            }
            Some(DatagramEvent::NewConnection(incoming)) => {
                self.newcomer(incoming, datagram.len(), at, &mut scratch, gate);
            }
            Some(DatagramEvent::Response(transmit)) => {
                if self.may_respond(&scratch, from.ip(), at) {
                    self.respond(&transmit, &scratch);
                }
            }
            None => self.counters.malformed += 1,
        }
        self.scratch = scratch;
    }

    /// An Initial that wants a connection. Nothing is kept of it before its address is known to be its own.
    fn newcomer(
        &mut self,
        incoming: Incoming,
        bytes: usize,
        now: Instant,
        scratch: &mut Vec<u8>,
        gate: &mut dyn Gate,
    ) {
        if self.is_refusing {
            self.counters.refused += 1;
            let transmit = self.quic.refuse(incoming, scratch);
            self.respond(&transmit, scratch);
            return;
        }
        let host = address::host(&incoming.remote_address());
        if !self.listens() || !gate.has_room(&host) {
            self.quic.ignore(incoming);
            return;
        }
        if self.validates && !is_neighbour(&incoming.remote_address()) && !incoming.remote_address_validated()
        {
            if let Ok(transmit) = self.quic.retry(incoming, scratch) {
                self.counters.retries += 1;
                self.respond(&transmit, scratch);
            }
            return;
        }
        if !gate.enter(&host) {
            self.quic.ignore(incoming);
            return;
        }
        match self.quic.accept(incoming, now, scratch, None) {
            Ok((handle, quic)) => {
                self.add(handle, quic, now);
                if let Some(connection) = self.table.at(handle.0) {
                    connection.takes(bytes, now);
                }
            }
            Err(refusal) => {
                self.counters.malformed += 1;
                self.unplaced.push(host);
                if let Some(transmit) = refusal.response {
                    self.respond(&transmit, scratch);
                }
            }
        }
    }

    /// Counts what quinn answers by itself: a stateless reset, a list of versions, or that a token is no good.
    fn may_respond(&mut self, packet: &[u8], host: IpAddr, now: Instant) -> bool {
        match packet {
            [first, ..] if first & LONG_HEADER == 0 => {
                if !self.resets.may_go(host, now) {
                    self.counters.malformed += 1;
                    return false;
                }
                self.counters.resets += 1;
            }
            [_, 0, 0, 0, 0, ..] => {}
            _ => self.counters.bad_token += 1,
        }
        true
    }

    /// Answers that cost no state are lost when the kernel has no room: who needs one asks again.
    fn respond(&mut self, transmit: &Transmit, bytes: &[u8]) {
        self.counters.datagrams_out += 1;
        self.counters.bytes_out += transmit.size as u64;
        self.counters.send_calls += 1;
        let _ = self.socket.send(transmit, bytes);
    }
}
