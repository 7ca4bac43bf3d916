//! One connection: what it may still cost, when it wants to be looked at, and who its owner is.
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use quinn_proto::{ConnectionError, Dir, FrameStats, StreamId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::budget::Budget;
use crate::limits::{self, PeerLimits};
use crate::silence::Silence;
use crate::streams::Pending;

/// The low bits of an id are quinn's handle, which is used again; the high ones make it another id then.
const HANDLES: u64 = 1 << 20;

/// The handle that the connection with this id has, or had.
pub fn handle_of(id: u64) -> usize {
    (id % HANDLES) as usize
}

/// Frames that came, but for padding, which is not counted.
fn frames(of: &FrameStats) -> u64 {
    let about_streams =
        of.stream + of.reset_stream + of.stop_sending + of.stream_data_blocked + of.max_stream_data;
    let about_credit = of.max_data
        + of.data_blocked
        + of.max_streams_bidi
        + of.max_streams_uni
        + of.streams_blocked_bidi
        + of.streams_blocked_uni;
    let about_paths = of.path_challenge + of.path_response + of.new_connection_id + of.retire_connection_id;
    let others = of.acks + of.crypto + of.ping + of.datagram + of.new_token + of.connection_close;
    about_streams + about_credit + about_paths + others
}

/// What is done although nothing came, besides what quinn does.
#[derive(PartialEq)]
enum Own {
    /// A newcomer has taken too long.
    CutOff,
    /// Somebody who proved himself is asked for a sign of life.
    Ping,
}

pub struct Connection {
    pub quic: quinn_proto::Connection,
    pub id: u64,
    pub remote: SocketAddr,
    pub is_server: bool,
    /// In which of the table's queues it is.
    pub is_to_collect: bool,
    pub is_to_send: bool,
    /// Its entry among the deadlines.
    pub entry: Option<Instant>,
    pub is_established: bool,
    /// The owner was told of the end, or brought it about.
    pub is_over: bool,
    /// Why it is cut off without a word to the peer.
    pub(crate) condemned: Option<String>,
    is_trusted: bool,
    limits: PeerLimits,
    pub(crate) budget: Budget,
    stranger_bytes: usize,
    born_at: Instant,
    heard_at: Instant,
    pub(crate) silence: Silence,
    keep_alive: Duration,
    max_streams: u32,

    /// Streams whose owner wants no bytes now.
    pub(crate) paused: FxHashSet<StreamId>,
    /// Streams with bytes that the owner could not be given yet, and whether it knows of them.
    pub(crate) read_again: Vec<(StreamId, bool)>,
    /// Why the connection ended, while there are still bytes to be given to the owner.
    pub(crate) lost: Option<ConnectionError>,
    /// What the owner wrote through the outbox and quinn did not take.
    pub(crate) pending: FxHashMap<StreamId, Pending>,
    /// Of those, which the owner has to be told of.
    pub(crate) tell_blocked: Vec<StreamId>,
    /// Finished streams of which the peer has not acknowledged everything.
    pub(crate) unfinished: FxHashSet<StreamId>,
    pub(crate) is_flush_wanted: bool,
    /// Streams that this end may have opened in all.
    pub(crate) credit: u64,
}

pub struct Birth {
    pub handle: usize,
    pub generation: u64,
    pub is_server: bool,
    pub keep_alive: Duration,
    pub max_streams: u32,
    pub limits: PeerLimits,
    pub now: Instant,
}

impl Connection {
    pub fn new(quic: quinn_proto::Connection, birth: Birth) -> Self {
        let Birth { handle, generation, is_server, keep_alive, max_streams, limits, now } = birth;
        Self {
            id: generation * HANDLES + handle as u64,
            remote: quic.remote_address(),
            quic,
            is_server,
            is_to_collect: false,
            is_to_send: false,
            entry: None,
            is_established: false,
            is_over: false,
            condemned: None,
            is_trusted: !is_server,
            budget: Budget::new(limits.overhead_bytes),
            limits,
            stranger_bytes: 0,
            born_at: now,
            heard_at: now,
            silence: Silence::default(),
            keep_alive,
            max_streams,
            paused: FxHashSet::default(),
            read_again: Vec::new(),
            lost: None,
            pending: FxHashMap::default(),
            tell_blocked: Vec::new(),
            unfinished: FxHashSet::default(),
            is_flush_wanted: false,
            credit: 0,
        }
    }

    /// A datagram of so many bytes came. False when it is one too many of a stranger's.
    pub fn takes(&mut self, bytes: usize, now: Instant) -> bool {
        self.heard_at = now;
        self.silence.heard();
        if !self.budget.received(bytes) && !self.budget.is_of_peer(frames(&self.quic.stats().frame_rx)) {
            self.condemn("too much that carried nothing");
        }
        if self.is_trusted {
            return self.condemned.is_none();
        }
        self.stranger_bytes += bytes;
        let (most, when) = match self.is_established {
            false => (self.limits.half_open_bytes, "TLS was done"),
            true => (self.limits.stranger_bytes, "the handshake"),
        };
        if self.stranger_bytes > most {
            self.condemn(&format!("too many bytes before {when}"));
        }
        self.condemned.is_none()
    }

    /// Is to be cut off without a word to the peer, unless it is ending by itself.
    pub fn condemn(&mut self, reason: &str) {
        if self.quic.is_closed() {
            return;
        }
        self.condemned.get_or_insert_with(|| reason.into());
    }

    /// The peer proved who it is: windows and signs of life as for an honest one.
    pub fn trust(&mut self) {
        if self.is_trusted {
            return;
        }
        self.is_trusted = true;
        self.quic.set_receive_window(limits::CONNECTION_WINDOW.into());
    }

    /// quinn tells a peer of streams that are free again when they are an eighth of all, so that one with nearly all of
    /// them open would wait for the others to end. It is told at once then: as many as were promised can be open.
    pub fn renew_streams(&mut self) {
        if !self.is_server || !self.is_trusted {
            return;
        }
        let most = self.quic.max_concurrent_streams(Dir::Bi);
        if self.quic.streams().remote_open_streams(Dir::Bi) + most / 8 < most {
            return;
        }
        self.quic.set_max_concurrent_streams(Dir::Bi, 0u32.into());
        self.quic.set_max_concurrent_streams(Dir::Bi, self.max_streams.into());
    }

    /// When something has to be done although nothing came.
    pub fn deadline(&mut self) -> Option<Instant> {
        let own = self.own_deadline().map(|(at, _)| at);
        [self.quic.poll_timeout(), own, self.silence.deadline(self.quic.rtt())].into_iter().flatten().min()
    }

    /// None for one of which nothing is asked any more: only quinn's own deadlines are left then.
    fn own_deadline(&self) -> Option<(Instant, Own)> {
        if self.condemned.is_some() {
            None
        } else if self.is_server && !self.is_established {
            // One that is ending has its place until then at most, too: quinn keeps it for three times what it takes to be
            // heard, and a peer that acknowledges late makes that minutes.
            Some((self.born_at + self.limits.half_open_time, Own::CutOff))
        } else if self.is_over || !self.is_established || self.quic.is_closed() {
            None
        } else {
            self.is_trusted.then(|| (self.heard_at + self.keep_alive, Own::Ping))
        }
    }

    fn is_due(&self, now: Instant, what: Own) -> bool {
        self.own_deadline().is_some_and(|(at, own)| at <= now && own == what)
    }

    pub fn on_deadline(&mut self, now: Instant) {
        if self.is_due(now, Own::CutOff) {
            self.condemned = Some("TLS was not done in time".into());
            return;
        }
        self.silence.expire(now, self.quic.rtt());
        self.quic.handle_timeout(now);
        if self.is_due(now, Own::Ping) {
            self.quic.ping();
            self.heard_at = now; // the next one after another silence; quinn keeps the idle timeout
        }
    }

    /// So many datagrams of so many bytes in all were sent.
    pub fn sent(&mut self, datagrams: usize, bytes: usize, now: Instant) {
        self.budget.sent(datagrams, bytes);
        if !self.is_server && self.is_established && !self.is_over {
            self.silence.sent(now, self.heard_at);
        }
    }

    pub fn close(&mut self, now: Instant, code: u32, reason: String) {
        self.is_over = true;
        self.quic.close(now, code.into(), Bytes::from(reason.into_bytes()));
    }

    /// DER bytes of what the peer proved to hold the key of.
    pub fn peer_certificate(&self) -> Option<Vec<u8>> {
        let identity = self.quic.crypto_session().peer_identity()?;
        let chain = identity.downcast::<Vec<rustls::pki_types::CertificateDer<'static>>>().ok()?;
        chain.first().map(|certificate| certificate.to_vec())
    }
}
