//! One UDP socket and its connections. Nothing here knows of Node: whoever drives it calls, in each turn of the loop,
//! `receive` (receive.rs), `apply` and `collect` (here), `transmit` (transmit.rs), and `expire` when a deadline came.
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn_proto::{ClientConfig, ConnectionHandle, EndpointEvent};

use crate::address;
use crate::config::{self, Options, ResetKey};
use crate::connection::{Birth, Connection};
use crate::deadlines::Deadlines;
use crate::limits::PeerLimits;
use crate::memory::{By, Memory};
use crate::newcomers::Newcomers;
use crate::resets::Resets;
use crate::socket::{Batch, Socket};
use crate::streams::stream_id;
use crate::table::Table;
use crate::tidy::{self, Tidy};
use crate::transmit::Unsent;

/// What was counted since the start. The order is known to `src/transport/quinn/host.ts`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    pub datagrams_in: u64,
    pub datagrams_out: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Of a connection, and from another address than its own.
    pub pinned: u64,
    /// Of no connection and unable to start one.
    pub malformed: u64,
    /// Brought a token that expired, or was given to another address.
    pub bad_token: u64,
    pub retries: u64,
    pub resets: u64,
    /// Newcomers that were told that nobody is taken any more.
    pub refused: u64,
    /// Connections that were cut off because their budget was empty.
    pub overdrawn: u64,
    pub receive_calls: u64,
    pub send_calls: u64,
    /// First packets that were not looked at, since there were too many.
    pub crowded: u64,
}

/// Turns' worth of packets that a closing endpoint sends: farewells to some 16,000 peers.
const FLUSH_ROUNDS: usize = 16;

impl Counters {
    pub fn in_order(&self) -> [u64; 14] {
        [
            self.datagrams_in,
            self.datagrams_out,
            self.bytes_in,
            self.bytes_out,
            self.pinned,
            self.malformed,
            self.bad_token,
            self.retries,
            self.resets,
            self.refused,
            self.overdrawn,
            self.receive_calls,
            self.send_calls,
            self.crowded,
        ]
    }
}

pub struct Endpoint {
    pub counters: Counters,
    pub(crate) memory: Memory,
    pub(crate) socket: Socket,
    pub(crate) quic: quinn_proto::Endpoint,
    /// None for an endpoint that listens.
    dials: Option<ClientConfig>,
    pub(crate) validates: bool,
    pub(crate) is_refusing: bool,
    pub(crate) newcomers: Newcomers,
    pub(crate) resets: Resets,
    keep_alive: Duration,
    max_streams: u32,
    pub(crate) peer_limits: PeerLimits,
    pub(crate) table: Table,
    pub(crate) deadlines: Deadlines,
    tidy: Tidy,
    generation: u64,
    pub(crate) batch: Batch,
    pub(crate) scratch: Vec<u8>,
    pub(crate) unsent: Option<Unsent>,
    /// Hosts of newcomers that were given a place and then not taken.
    pub(crate) unplaced: Vec<String>,
}

impl Endpoint {
    pub fn new(options: &Options, local: SocketAddr, memory: Memory) -> io::Result<Self> {
        let socket = Socket::bind(local, options.server.is_none())?;
        let (dials, server, key) = match &options.server {
            None => (Some(config::client(options).map_err(io::Error::other)?), None, None),
            Some(own) => {
                let server = config::server(options, own).map_err(io::Error::other)?;
                (None, Some(Arc::new(server)), Some(ResetKey::new(&own.reset_secret, socket.local())))
            }
        };
        let may_discover_mtu = !socket.may_fragment();
        let quic =
            quinn_proto::Endpoint::new(Arc::new(config::endpoint(key)), server, may_discover_mtu, None);
        Ok(Self {
            counters: Counters::default(),
            memory,
            socket,
            quic,
            dials,
            validates: options.server.as_ref().is_some_and(|own| own.validate),
            is_refusing: false,
            newcomers: Newcomers::default(),
            resets: Resets::default(),
            keep_alive: Duration::from_millis(options.keep_alive_ms.into()),
            max_streams: options.max_streams,
            peer_limits: options.limits,
            table: Table::default(),
            deadlines: Deadlines::default(),
            tidy: Tidy::default(),
            generation: 0,
            batch: Batch::new(),
            scratch: Vec::new(),
            unsent: None,
            unplaced: Vec::new(),
        })
    }

    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Connections, half-open and closing ones included.
    pub fn live(&self) -> usize {
        self.table.live()
    }

    pub(crate) fn listens(&self) -> bool {
        self.dials.is_none()
    }

    /// Starts a connection, and gives the id by which its records name it.
    pub fn dial(&mut self, to: SocketAddr) -> Result<u64, String> {
        let Some(config) = self.dials.clone() else { return Err("this endpoint listens".into()) };
        // What was told of this address before has nothing to do with who may be there now.
        self.notice_unreachable();
        let now = Instant::now();
        // The name is not sent (see tls.rs); quinn wants one all the same.
        let dialled = self.quic.connect(now, config, to, "localhost");
        let (handle, quic) = dialled.map_err(|error| error.to_string())?;
        Ok(self.add(handle, quic, now))
    }

    pub(crate) fn add(
        &mut self,
        handle: ConnectionHandle,
        quic: quinn_proto::Connection,
        now: Instant,
    ) -> u64 {
        self.generation += 1;
        let birth = Birth {
            handle: handle.0,
            generation: self.generation,
            is_server: self.listens(),
            keep_alive: self.keep_alive,
            max_streams: self.max_streams,
            limits: self.peer_limits,
            now,
        };
        let connection = Connection::new(quic, birth);
        let id = connection.id;
        self.table.add(connection);
        self.table.mark(handle.0);
        id
    }

    /// Takes no new connection from here on: newcomers are told so.
    pub fn refuse_new(&mut self) {
        self.is_refusing = true;
    }

    /// The connection with this id, which is looked at and sends before the loop sleeps.
    pub fn touch(&mut self, id: u64) -> Option<&mut Connection> {
        self.table.touch(id)
    }

    // ---- what the owner wrote through the outbox

    pub fn apply(&mut self) {
        while let Some(command) = self.memory.next_command() {
            if let Some(connection) = self.table.touch(command.id) {
                connection.write_copy(stream_id(command.stream), command.bytes, command.fin);
            }
        }
    }

    // ---- what the owner is told

    /// Fills the memory with what happened. Returns how many records there are.
    pub fn collect(&mut self) -> usize {
        while !self.memory.is_full()
            && let Some(host) = self.unplaced.pop()
        {
            self.memory.half_open_gone(0, &host);
        }
        // Those with more than fits go to the end, so that one with much does not keep the others waiting.
        let mut unfinished = Vec::new();
        while !self.memory.is_full()
            && let Some(handle) = self.table.next_to_collect()
        {
            self.collect_one(handle);
            if self.table.at(handle).is_some_and(|connection| connection.has_more(&self.memory)) {
                unfinished.push(handle);
            }
        }
        for handle in unfinished {
            self.table.mark_to_collect(handle);
        }
        self.memory.take_records()
    }

    /// Called with room for a few records at least, so that the last one of a connection always fits.
    fn collect_one(&mut self, handle: usize) {
        let Some(connection) = self.table.at(handle) else { return };
        if let Some(reason) = connection.condemned.take() {
            self.counters.overdrawn += u64::from(connection.budget.is_empty());
            connection.closed(&mut self.memory, By::Failed, false, 0, reason.as_bytes());
            self.quic.handle_event(ConnectionHandle(handle), EndpointEvent::drained());
            self.remove(handle);
            return;
        }
        while let Some(event) = connection.quic.poll_endpoint_events() {
            if let Some(event) = self.quic.handle_event(ConnectionHandle(handle), event) {
                connection.quic.handle_event(event);
            }
        }
        connection.collect(&mut self.memory);
        if connection.quic.is_drained() {
            self.remove(handle);
        }
    }

    /// Forgets a connection that quinn's endpoint has forgotten, too.
    fn remove(&mut self, handle: usize) {
        let Some(mut connection) = self.table.remove(handle) else { return };
        self.deadlines.remove(handle, &mut connection.entry);
        self.tidy.note(Instant::now());
        if self.listens() && !connection.is_established {
            self.memory.half_open_gone(connection.id, &address::host(&connection.remote));
        }
        connection.closed(&mut self.memory, By::Failed, false, 0, b"closed without a reason");
    }

    /// Whether there is something to do before the loop may sleep: JavaScript wrote something, or the turn's limits were
    /// reached. What the kernel has no room for waits for the kernel.
    pub fn has_work(&self) -> bool {
        let may_send = self.unsent.is_none();
        self.memory.has_commands() || self.table.is_to_collect() || (may_send && self.table.to_send() > 0)
    }

    /// Sends what there is to send, as far as the kernel takes it.
    pub fn flush(&mut self, now: Instant) {
        // Each round sends at most a turn's packets; what is to be said at the end is a packet a connection.
        for _ in 0..FLUSH_ROUNDS {
            if !self.transmit(now) || self.table.to_send() == 0 {
                return;
            }
        }
    }

    // ---- deadlines

    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next().into_iter().chain(self.tidy.due()).min()
    }

    /// Handles the deadlines that have come.
    pub fn expire(&mut self, now: Instant) {
        if self.tidy.takes_turn(now) {
            tidy::give_back();
        }
        while let Some(handle) = self.deadlines.pop(now) {
            let Some(connection) = self.table.at(handle) else { continue };
            connection.entry = None;
            // Most have moved on meanwhile. What has ended is kept until its owner has read what came before the end.
            if connection.is_being_read() {
                self.table.mark(handle);
            } else if connection.deadline().is_some_and(|at| at <= now) {
                connection.on_deadline(now);
                self.table.mark(handle);
            } else {
                self.rearm(handle);
            }
        }
    }

    pub(crate) fn rearm(&mut self, handle: usize) {
        let Some(connection) = self.table.at(handle) else { return };
        let Some(wanted) = connection.deadline() else { return };
        let mut entry = connection.entry;
        self.deadlines.bring_forward(handle, &mut entry, wanted);
        connection.entry = entry;
    }

    // ---- the kernel's reports

    /// What ICMP says of destinations: only an endpoint that dials is told.
    pub fn notice_unreachable(&mut self) {
        // Each report was preceded by a datagram of ours, so that they end.
        while let Some(report) = self.socket.unreachable() {
            let reason = match report.why.kind() {
                io::ErrorKind::ConnectionRefused => {
                    format!("port {} of {} is closed", report.to.port(), report.to.ip())
                }
                _ => format!("{} cannot be reached: {}", report.to.ip(), report.why),
            };
            self.table.each_at(report.to, |connection| connection.condemn(&reason));
        }
    }
}
