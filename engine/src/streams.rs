//! Bytes of streams: from quinn into the arena, and from the owner into quinn.
use std::collections::VecDeque;

use bytes::Bytes;
use quinn_proto::{ReadError, StreamId, VarInt, WriteError};

use crate::connection::Connection;
use crate::limits;
use crate::memory::{Kind, Memory, Record};

/// btlightning gives streams up with this code.
const CANCELLED: VarInt = VarInt::from_u32(0);

/// The flags of a `Data` record.
const LAST: u8 = 1;
const NEW: u8 = 2;

pub struct Pending {
    parts: VecDeque<Bytes>,
    fin: bool,
}

/// What quinn did with bytes that it was given.
enum Taken {
    All,
    Part(usize),
    /// The stream takes none any more.
    Gone,
}

pub fn stream_id(number: u64) -> StreamId {
    StreamId::from(VarInt::from_u64(number).unwrap_or(VarInt::MAX))
}

impl Connection {
    /// How many bytes were taken; None when the stream takes none any more. What follows a partial write is told by
    /// `CanWrite`.
    pub fn write(&mut self, stream: StreamId, bytes: &[u8], fin: bool) -> Option<usize> {
        if self.pending.contains_key(&stream) {
            return Some(0);
        }
        match self.give(stream, bytes, fin) {
            Taken::All => Some(bytes.len()),
            Taken::Part(taken) => Some(taken),
            Taken::Gone => None,
        }
    }

    /// As `write`, for bytes that will be overwritten: what is not taken is kept, and the owner is told to wait.
    pub fn write_copy(&mut self, stream: StreamId, bytes: &[u8], fin: bool) {
        if let Some(pending) = self.pending.get_mut(&stream) {
            pending.parts.push_back(Bytes::copy_from_slice(bytes));
            pending.fin |= fin;
            return;
        }
        let Taken::Part(taken) = self.give(stream, bytes, fin) else { return };
        let parts = VecDeque::from([Bytes::copy_from_slice(&bytes[taken..])]);
        self.pending.insert(stream, Pending { parts, fin });
        self.tell_blocked.push(stream);
    }

    /// quinn tells that a stream takes bytes again only after a write was refused: so write until one is, or all is gone.
    fn give(&mut self, stream: StreamId, bytes: &[u8], fin: bool) -> Taken {
        let mut sending = self.quic.send_stream(stream);
        let mut taken = 0;
        while taken < bytes.len() {
            let end = bytes.len().min(taken + limits::WRITE_PIECE);
            match sending.write(&bytes[taken..end]) {
                Ok(written) => taken += written,
                Err(WriteError::Blocked) => return Taken::Part(taken),
                Err(_) => return Taken::Gone,
            }
        }
        if fin && sending.finish().is_ok() {
            self.unfinished.insert(stream);
        }
        Taken::All
    }

    /// Goes on with what waits. True when the owner may go on, too.
    pub(crate) fn resume_writing(&mut self, stream: StreamId) -> bool {
        let Some(mut pending) = self.pending.remove(&stream) else { return true };
        while let Some(part) = pending.parts.pop_front() {
            let fin = pending.fin && pending.parts.is_empty();
            match self.give(stream, &part, fin) {
                Taken::All => {}
                Taken::Gone => return true,
                Taken::Part(taken) => {
                    pending.parts.push_front(part.slice(taken..));
                    self.pending.insert(stream, pending);
                    return false;
                }
            }
        }
        true
    }

    /// Gives the stream up in both directions, telling the peer.
    pub fn reset(&mut self, stream: StreamId) {
        self.stop_writing(stream);
        // An error says that it is over in that direction already.
        let _ = self.quic.recv_stream(stream).stop(CANCELLED);
        // Not for who dialled us: requests that we refuse are its own.
        if !self.is_server {
            self.budget.gave_up();
        }
        self.paused.remove(&stream);
    }

    /// quinn tells no end of a stream that is reset: what is unfinished must not wait for it.
    pub(crate) fn stop_writing(&mut self, stream: StreamId) {
        let _ = self.quic.send_stream(stream).reset(CANCELLED);
        self.pending.remove(&stream);
        self.unfinished.remove(&stream);
    }

    pub fn pause(&mut self, stream: StreamId) {
        self.paused.insert(stream);
    }

    pub fn resume(&mut self, stream: StreamId) {
        if self.paused.remove(&stream) {
            self.read_again.push((stream, false));
        }
    }

    /// Whether the peer has all that was finished; if not, `Flushed` tells when.
    pub fn flush(&mut self) -> bool {
        self.is_flush_wanted = !self.is_flushed();
        !self.is_flush_wanted
    }

    pub(crate) fn is_flushed(&self) -> bool {
        self.unfinished.is_empty() && self.pending.is_empty()
    }

    /// Tells the owner of what a stream has, as far as there is room.
    pub(crate) fn read(&mut self, memory: &mut Memory, stream: StreamId, is_new: bool) {
        if self.paused.contains(&stream) {
            return;
        }
        if memory.is_full() {
            self.read_again.push((stream, is_new));
            return;
        }
        let offset = memory.offset();
        let mut flags = if is_new { NEW } else { 0 };
        let mut was_reset = false;
        let mut receiving = self.quic.recv_stream(stream);
        let Ok(mut chunks) = receiving.read(true) else { return };
        let length = loop {
            let length = memory.offset() - offset;
            let room = memory.room().min(limits::STREAM_QUANTUM - length);
            if room == 0 {
                self.read_again.push((stream, false));
                break length;
            }
            match chunks.next(room) {
                Ok(Some(chunk)) => {
                    memory.put(&chunk.bytes);
                }
                Ok(None) => {
                    flags |= LAST;
                    break length;
                }
                Err(ReadError::Blocked) => break length,
                Err(ReadError::Reset(_)) => {
                    was_reset = true;
                    break length;
                }
            }
        };
        // Whether there is credit to send is found out when the connection sends.
        let _ = chunks.finalize();
        let a = u64::from(stream);
        self.budget.delivered(length, flags & LAST != 0);
        if flags != 0 || length > 0 {
            memory.push(Record { kind: Kind::Data as u8, id: self.id, a, offset, length, flags });
        }
        if was_reset {
            self.stop_writing(stream);
            memory.push(Record { kind: Kind::Reset as u8, id: self.id, a, ..Record::default() });
        }
    }
}
