//! What happened on a connection, as records for JavaScript.
use quinn_proto::{ConnectionError, Dir, Event, StreamEvent, StreamId};

use crate::address;
use crate::connection::Connection;
use crate::limits;
use crate::memory::{By, Kind, Memory, Record};

/// Added to `By` in a record's flags.
const APPLICATION: u8 = 10;

impl Connection {
    /// Adds records until there are no more events or no more room; what is left waits for the next delivery.
    pub fn collect(&mut self, memory: &mut Memory) {
        for (stream, is_new) in std::mem::take(&mut self.read_again) {
            self.read(memory, stream, is_new);
        }
        while !memory.is_full() {
            let Some(event) = self.quic.poll() else { break };
            self.tell(memory, event);
        }
        if self.read_again.is_empty()
            && let Some(reason) = self.lost.take()
        {
            self.tell_lost(memory, reason);
        }
        while !memory.is_full()
            && let Some(stream) = self.tell_blocked.pop()
        {
            self.stream_record(memory, Kind::Blocked, stream.into());
        }
        if !memory.is_full()
            && !self.is_over
            && let Some(is_silent) = self.silence.news()
        {
            self.stream_record(memory, Kind::Silent, is_silent.into());
        }
        self.renew_streams();
        if self.is_flush_wanted && self.is_flushed() {
            self.is_flush_wanted = false;
            self.record(memory, Kind::Flushed);
        }
    }

    /// Whether `collect` has to be called again although nothing came.
    pub fn has_more(&self, memory: &Memory) -> bool {
        memory.is_full() || !self.read_again.is_empty() || !self.tell_blocked.is_empty()
    }

    /// Whether it has ended, and its owner has not been given all that came before.
    pub fn is_being_read(&self) -> bool {
        self.lost.is_some()
    }

    fn tell(&mut self, memory: &mut Memory, event: Event) {
        match event {
            Event::Connected => {
                self.is_established = true;
                self.connected(memory);
            }
            // Told when all that came before it has been.
            Event::ConnectionLost { reason } => self.lost = Some(reason),
            Event::Stream(StreamEvent::Opened { dir: Dir::Bi }) => {
                while let Some(stream) = self.quic.streams().accept(Dir::Bi) {
                    self.read(memory, stream, true);
                }
            }
            Event::Stream(StreamEvent::Readable { id }) => self.read(memory, id, false),
            Event::Stream(StreamEvent::Writable { id }) => self.can_write(memory, id),
            Event::Stream(StreamEvent::Finished { id }) => {
                self.unfinished.remove(&id);
            }
            Event::Stream(StreamEvent::Stopped { id, .. }) => {
                self.stop_writing(id);
                self.stream_record(memory, Kind::Stopped, id.into());
            }
            Event::Stream(StreamEvent::Available { dir: Dir::Bi }) => self.tell_credit(memory),
            _ => {} // datagrams and streams of one direction, which nobody may send, and early data
        }
    }

    fn connected(&mut self, memory: &mut Memory) {
        let offset = memory.offset();
        let length = memory.put(address::host(&self.remote).as_bytes());
        let a = self.remote.port().into();
        memory.push(Record { kind: Kind::Connected as u8, id: self.id, a, offset, length, flags: 0 });
        self.tell_credit(memory);
    }

    /// The owner numbers its streams by itself, so that opening one is no call: it is told how many there may be.
    fn tell_credit(&mut self, memory: &mut Memory) {
        if self.is_server {
            return;
        }
        while self.quic.streams().open(Dir::Bi).is_some() {
            self.credit += 1;
        }
        let a = self.credit;
        memory.push(Record { kind: Kind::Credit as u8, id: self.id, a, ..Record::default() });
    }

    fn tell_lost(&mut self, memory: &mut Memory, reason: ConnectionError) {
        match reason {
            ConnectionError::ApplicationClosed(close) => {
                self.closed(memory, By::Peer, true, close.error_code.into_inner(), &close.reason);
            }
            ConnectionError::ConnectionClosed(close) => {
                self.closed(memory, By::Peer, false, close.error_code.into(), &close.reason);
            }
            ConnectionError::TransportError(error) => {
                let reason = if error.reason.is_empty() { error.to_string() } else { error.reason.clone() };
                self.closed(memory, By::Failed, false, error.code.into(), reason.as_bytes());
            }
            ConnectionError::TimedOut if self.is_established => {
                self.closed(memory, By::Idle, false, 0, b"nothing was heard for the idle timeout");
            }
            ConnectionError::TimedOut => self.closed(memory, By::Failed, false, 0, b"no answer"),
            ConnectionError::Reset => {
                let reason = b"the peer lost the state of this connection: it restarted";
                self.closed(memory, By::Failed, false, 0, reason);
            }
            other => self.closed(memory, By::Failed, false, 0, other.to_string().as_bytes()),
        }
    }

    /// The last record of a connection; of one that the owner never heard of, that it is gone.
    pub fn closed(&mut self, memory: &mut Memory, by: By, is_application: bool, code: u64, reason: &[u8]) {
        if self.is_over || (self.is_server && !self.is_established) {
            return;
        }
        self.is_over = true;
        let offset = memory.offset();
        let length = memory.put(&reason[..reason.len().min(limits::REASON_BYTES)]);
        let flags = by as u8 + if is_application { APPLICATION } else { 0 };
        memory.push(Record { kind: Kind::Closed as u8, id: self.id, a: code, offset, length, flags });
    }

    fn can_write(&mut self, memory: &mut Memory, stream: StreamId) {
        if self.resume_writing(stream) {
            self.stream_record(memory, Kind::CanWrite, stream.into());
        }
    }

    fn record(&self, memory: &mut Memory, kind: Kind) {
        self.stream_record(memory, kind, 0);
    }

    fn stream_record(&self, memory: &mut Memory, kind: Kind, stream: u64) {
        memory.push(Record { kind: kind as u8, id: self.id, a: stream, ..Record::default() });
    }
}
