//! Every number that bounds what a peer, or a turn of the loop, may cost. Each has its reason beside it.
use std::time::Duration;

/// What the owner says that a peer may cost: `src/transport/peer-limits.ts` has the numbers and their reasons.
#[derive(Clone, Copy, Debug)]
pub struct PeerLimits {
    /// Bytes in datagrams and time that a newcomer has until TLS is done.
    pub half_open_bytes: usize,
    pub half_open_time: Duration,
    /// Bytes in datagrams that a peer may send after that, until its owner trusts it.
    pub stranger_bytes: usize,
    /// See `Budget`.
    pub overhead_bytes: u32,
    /// Datagrams that one connection may send in a turn, so that one peer cannot starve the others.
    pub packets: usize,
}

/// Bytes of all its streams that a stranger may have under way: a handshake is one frame of 185 bytes.
pub const STRANGER_WINDOW: u32 = 64 * 1024;

/// What a round trip is taken to be before there was one. quinn's 333 ms lets a handshake send four times before its 10 s
/// are over, which on a line that loses three datagrams in ten is too few for one handshake in fifty; with 100 ms it is
/// six. A path that is slower than that costs two datagrams of 1,200 bytes more.
pub const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);

/// Bytes of all streams of one connection that may be under way to us: several streams at full speed, and a bound on
/// what a peer can make us keep by sending the ends of its streams and never their beginnings.
pub const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
/// Bytes of one connection that the engine keeps for the peer to acknowledge. The rest waits with its owner.
pub const SEND_WINDOW: u64 = 10_000_000;
/// Bytes of TLS messages that a peer may send out of order: a certificate is 0.5 KiB.
pub const CRYPTO_BUFFER: usize = 16 * 1024;

/// Newcomers that quinn itself may hold between seeing them and our decision, which follows at once.
pub const UNDECIDED: usize = 16;
/// Life of a Retry's token: several round trips on the worst path, and too short to collect them.
pub const RETRY_TOKEN_LIFE: Duration = Duration::from_secs(15);
/// First packets of strangers that are looked at, with a token and without one: of each a tenth of a core's time. Where
/// more come, an honest newcomer needs its second or third packet.
pub const NEWCOMERS_A_SECOND: f64 = 10_000.0;
/// Of those, in one moment: all validators of four subnets at a restart.
pub const NEWCOMERS_AT_ONCE: f64 = 1_000.0;
/// Stateless resets in a second, to one source and to all: 100 are 4 KiB. A validator needs one for each connection.
pub const RESETS_OF_ONE: u32 = 10;
pub const RESETS_OF_ALL: u32 = 100;
pub const RESET_WINDOW: Duration = Duration::from_secs(1);

/// Time in which a peer acknowledges what needs it, at most: four times the longest delay that QUIC allows. What is sent
/// later than this after its last datagram was not just an acknowledgement of that one.
pub const ANSWERING: Duration = Duration::from_millis(100);
/// Without any datagram of the peer after something was sent that it has to acknowledge, and two round trips besides:
/// then it is said to be silent. A loop that computes may be so for as long.
pub const SILENCE: Duration = Duration::from_millis(500);
/// A deadline that is noticed so much later was not missed by the peer: this end was busy, and has datagrams to read.
pub const OWN_DELAY: Duration = Duration::from_millis(50);

/// Datagrams (or trains of equal ones, with GRO) that one system call reads.
pub const BATCH: usize = 8;
/// System calls that read, in a turn.
pub const BATCHES: usize = 32;
/// Time after which a turn stops reading, so that this end and the peer work at the same time.
pub const RECEIVE_TIME: Duration = Duration::from_micros(50);
/// The largest train that the kernel hands over: 64 datagrams in 64 KiB.
pub const TRAIN_BYTES: usize = 64 * 1024;
/// Bytes that the kernel may hold for us while the loop is busy; it gives what its own limits allow.
pub const SOCKET_BUFFER: usize = 4 * 1024 * 1024;

/// Datagrams that all may send in a turn: about a millisecond.
pub const PACKETS_OF_ALL: usize = 1024;
/// Datagrams in one system call: what fits into 64 KiB at 1,452 bytes each.
pub const SEGMENTS: usize = 44;
/// Datagrams in the first one of a connection's turn, so that the peer has something to do while the rest is made.
pub const FIRST_TRAIN: usize = 10;

/// Bytes of one stream that JavaScript gets at once, so that one stream does not take the whole arena.
pub const STREAM_QUANTUM: usize = 512 * 1024;
/// Calls into JavaScript in one turn, each with at most an arena full of bytes and a table full of records.
pub const DELIVERIES: usize = 4;
/// quinn copies each write into an allocation of its own: pieces of this size come from malloc's bins, larger ones are
/// given back to the system and faulted in anew each time.
pub const WRITE_PIECE: usize = 32 * 1024;
/// Connections that have left before memory is given back to the system: they take some 25 KiB each.
pub const TIDY_AFTER: usize = 256;
/// From then on, so that those that leave with them are gone, too.
pub const TIDY_DELAY: Duration = Duration::from_secs(1);
/// Between two times: each is some milliseconds of the loop.
pub const TIDY_INTERVAL: Duration = Duration::from_secs(10);
/// Bytes of a close reason that are passed on; btlightning's are words.
pub const REASON_BYTES: usize = 256;
