//! The memory that JavaScript and the engine share, so that a small request or answer crosses without a call of its own.
//!
//! | part     | who fills it | what                                                                                    |
//! | -------- | ------------ | --------------------------------------------------------------------------------------- |
//! | records  | engine       | what happened: rows of six numbers, see `Record`                                        |
//! | arena    | engine       | the bytes that the records tell of; valid only while JavaScript handles those records   |
//! | commands | JavaScript   | how many there are, then rows of five numbers: connection, stream, offset, length, fin   |
//! | outbox   | JavaScript   | the bytes that the commands want written                                                |
//!
//! Rows are of doubles, which hold stream ids and connection ids up to 2^53.

pub const RECORD: usize = 6;
pub const COMMAND: usize = 5;

/// Rows that the collector may still add after `is_full` said no: see `Endpoint::collect_one`.
const MARGIN: usize = 8;
/// Bytes that are kept free for the text of such a row.
const TEXT_MARGIN: usize = 1024;

/// What a record tells. The numbers are known to `src/transport/quinn/memory.ts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// TLS is done. a: port of the peer; offset, length: its host as text.
    Connected = 1,
    /// a: stream; offset, length: bytes; flags: 1 the last of the stream, 2 the stream is new.
    Data = 2,
    /// The peer reset the stream. a: stream.
    Reset = 3,
    /// The peer wants no more of what we write. a: stream.
    Stopped = 4,
    /// A stream that was blocked takes bytes again. a: stream.
    CanWrite = 5,
    /// a: code; offset, length: reason; flags: by whom (see `By`), and 10 more when an application closed.
    Closed = 6,
    /// a: how many streams this end may have opened in all.
    Credit = 7,
    /// The peer has all that was written and finished.
    Flushed = 8,
    /// What a command wanted written did not all fit: write no more until `CanWrite`. a: stream.
    Blocked = 9,
    /// A newcomer whose TLS was not done is gone. offset, length: its host as text.
    HalfOpenGone = 10,
    /// Of an endpoint that dials: the peer does not even acknowledge. a: 1, or 0 when it is heard again.
    Silent = 11,
}

/// Who ended a connection; 0 stands for ourselves, of which no record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum By {
    Peer = 1,
    Idle = 2,
    Failed = 3,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Record {
    pub kind: u8,
    pub id: u64,
    pub a: u64,
    pub offset: usize,
    pub length: usize,
    pub flags: u8,
}

pub struct Command<'a> {
    pub id: u64,
    pub stream: u64,
    pub bytes: &'a [u8],
    pub fin: bool,
}

/// A typed array of JavaScript's: where it is, and how many elements it has.
#[derive(Clone, Copy)]
pub struct Area<T> {
    start: *mut T,
    length: usize,
}

impl<T> Area<T> {
    /// # Safety
    /// `start` must point to `length` elements that live as long as the area, and that nobody else reads or writes
    /// while the engine runs: JavaScript and the engine take turns on one thread.
    pub unsafe fn new(start: *mut T, length: usize) -> Self {
        Self { start, length }
    }

    fn get(&self) -> &[T] {
        // SAFETY: promised to `new`.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }

    fn get_mut(&mut self) -> &mut [T] {
        // SAFETY: promised to `new`; `&mut self` keeps our own borrows apart.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.length) }
    }
}

pub struct Memory {
    records: Area<f64>,
    arena: Area<u8>,
    commands: Area<f64>,
    outbox: Area<u8>,
    count: usize,
    used: usize,
    next_command: usize,
}

impl Memory {
    pub fn new(
        records: Area<f64>,
        arena: Area<u8>,
        commands: Area<f64>,
        outbox: Area<u8>,
    ) -> Result<Self, String> {
        if records.length < RECORD * MARGIN * 2 || arena.length < TEXT_MARGIN * 2 {
            return Err("the memory for records is too small".into());
        }
        if commands.length < 1 + COMMAND {
            return Err("the memory for commands is too small".into());
        }
        Ok(Self { records, arena, commands, outbox, count: 0, used: 0, next_command: 0 })
    }

    /// Whether the collector has to go on in another delivery.
    pub fn is_full(&self) -> bool {
        (self.count + MARGIN) * RECORD > self.records.length || self.room() == 0
    }

    /// Bytes that `put` may still take of streams.
    pub fn room(&self) -> usize {
        (self.arena.length - TEXT_MARGIN).saturating_sub(self.used)
    }

    /// Where the next `put` goes.
    pub fn offset(&self) -> usize {
        self.used
    }

    pub fn push(&mut self, record: Record) {
        let at = self.count * RECORD;
        let Some(row) = self.records.get_mut().get_mut(at..at + RECORD) else {
            debug_assert!(false, "no room for a record");
            return;
        };
        row.copy_from_slice(&[
            record.kind.into(),
            record.id as f64,
            record.a as f64,
            record.offset as f64,
            record.length as f64,
            record.flags.into(),
        ]);
        self.count += 1;
    }

    /// Copies as much of `bytes` as there is room for, and says how much that was.
    pub fn put(&mut self, bytes: &[u8]) -> usize {
        let used = self.used;
        let arena = self.arena.get_mut();
        let length = bytes.len().min(arena.len() - used);
        arena[used..used + length].copy_from_slice(&bytes[..length]);
        self.used += length;
        length
    }

    /// A place for newcomers is free again.
    pub fn half_open_gone(&mut self, id: u64, host: &str) {
        let offset = self.offset();
        let length = self.put(host.as_bytes());
        self.push(Record { kind: Kind::HalfOpenGone as u8, id, offset, length, ..Record::default() });
    }

    /// How many records JavaScript has to look at; the next ones start from the beginning.
    pub fn take_records(&mut self) -> usize {
        self.used = 0;
        std::mem::take(&mut self.count)
    }

    pub fn has_commands(&self) -> bool {
        self.commands.get()[0] > 0.0
    }

    /// What JavaScript wants written, one after the other; what makes no sense is left out.
    pub fn next_command(&mut self) -> Option<Command<'_>> {
        let commands = self.commands.get();
        let given = commands[0] as usize;
        while self.next_command < given {
            let at = 1 + self.next_command * COMMAND;
            self.next_command += 1;
            let Some(row) = commands.get(at..at + COMMAND) else { break };
            let (offset, length) = (row[2] as usize, row[3] as usize);
            let end = offset.saturating_add(length);
            if let Some(bytes) = self.outbox.get().get(offset..end) {
                return Some(Command { id: row[0] as u64, stream: row[1] as u64, bytes, fin: row[4] == 1.0 });
            }
        }
        self.next_command = 0;
        self.commands.get_mut()[0] = 0.0;
        None
    }
}
