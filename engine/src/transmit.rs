//! From the connections to the socket.
use std::io;
use std::time::Instant;

use quinn_proto::Transmit;

use crate::endpoint::Endpoint;
use crate::limits;

/// What the kernel had no room for.
pub struct Unsent {
    transmit: Transmit,
    bytes: Vec<u8>,
}

/// How far a connection got.
enum Share {
    /// It has nothing more to send.
    Done(usize),
    /// It has, and goes on in the next turn.
    UsedUp(usize),
    /// The kernel has no room.
    Stuck,
}

impl Endpoint {
    /// Lets the connections that were marked send, each its share. False when the kernel has no room: then it is tried
    /// again when the socket is writable.
    pub fn transmit(&mut self, now: Instant) -> bool {
        if !self.send_unsent() {
            return false;
        }
        let mut left = limits::PACKETS_OF_ALL;
        // Those that are marked again meanwhile wait for the next turn.
        for _ in 0..self.table.to_send() {
            if left == 0 {
                break;
            }
            let Some(handle) = self.table.next_to_send() else { break };
            match self.transmit_one(handle, left.min(self.peer_limits.packets), now) {
                Share::Done(sent) => left = left.saturating_sub(sent),
                Share::UsedUp(sent) => {
                    left = left.saturating_sub(sent);
                    self.table.mark_to_send(handle);
                }
                Share::Stuck => {
                    self.table.mark_to_send(handle);
                    return false;
                }
            }
            self.rearm(handle);
        }
        true
    }

    fn transmit_one(&mut self, handle: usize, share: usize, now: Instant) -> Share {
        let mut sent = 0;
        while sent < share {
            let most = self.socket.segments().min(share - sent);
            let segments = if sent == 0 { most.min(limits::FIRST_TRAIN) } else { most };
            let Some(connection) = self.table.at(handle) else { return Share::Done(sent) };
            self.scratch.clear();
            let Some(transmit) = connection.quic.poll_transmit(now, segments, &mut self.scratch) else {
                return Share::Done(sent);
            };
            sent += packets(&transmit);
            match self.socket.send(&transmit, &self.scratch) {
                Ok(()) => {
                    connection.sent(packets(&transmit), transmit.size, now);
                    self.count_sent(&transmit);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let bytes = std::mem::take(&mut self.scratch);
                    self.unsent = Some(Unsent { transmit, bytes });
                    return Share::Stuck;
                }
                Err(error) => self.send_failed(handle, &error),
            }
        }
        Share::UsedUp(sent)
    }

    /// A packet that cannot be sent is as good as lost, and quinn repeats it. But who dials somebody to whom there is no
    /// way learns so at once.
    fn send_failed(&mut self, handle: usize, error: &io::Error) {
        let is_hopeless = matches!(
            error.kind(),
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::InvalidInput
        );
        if self.listens() || !is_hopeless {
            return;
        }
        if let Some(connection) = self.table.at(handle) {
            let reason = format!("{} cannot be reached: {error}", connection.remote.ip());
            connection.condemn(&reason);
            self.table.mark_to_collect(handle);
        }
    }

    fn send_unsent(&mut self) -> bool {
        let Some(Unsent { transmit, bytes }) = self.unsent.take() else { return true };
        match self.socket.send(&transmit, &bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.unsent = Some(Unsent { transmit, bytes });
                return false;
            }
            Err(_) => {} // lost
            Ok(()) => self.count_sent(&transmit),
        }
        self.scratch = bytes;
        true
    }

    fn count_sent(&mut self, transmit: &Transmit) {
        self.counters.send_calls += 1;
        self.counters.datagrams_out += packets(transmit) as u64;
        self.counters.bytes_out += transmit.size as u64;
    }
}

fn packets(transmit: &Transmit) -> usize {
    transmit.segment_size.map_or(1, |segment| transmit.size.div_ceil(segment))
}
