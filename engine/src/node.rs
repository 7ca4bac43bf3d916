//! What JavaScript sees of the engine.
use std::os::raw::c_void;
use std::ptr::null_mut;
use std::rc::Rc;
use std::time::{Duration, Instant};

use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;

use crate::address;
use crate::config::{Options, ServerOptions};
use crate::endpoint::Endpoint;
use crate::limits::PeerLimits;
use crate::memory::{Area, Memory};
use crate::shell::{Js, RESOURCE, Shell};
use crate::streams::stream_id;

/// The crate's version, which is the package's.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[napi(object)]
pub struct EngineOptions<'env> {
    /// An IP address of this machine, and a UDP port; 0 for any that is free.
    pub host: String,
    pub port: u32,
    pub idle_timeout_ms: u32,
    pub keep_alive_ms: u32,
    pub stream_window: u32,
    pub max_streams: u32,
    /// See `PeerLimits`.
    pub half_open_bytes: u32,
    pub half_open_ms: u32,
    pub stranger_bytes: u32,
    pub overhead_bytes: u32,
    pub packets_per_turn: u32,
    /// PKCS #8 and X.509 in DER. Without them, the endpoint dials.
    pub key: Option<Uint8ArraySlice<'env>>,
    pub certificate: Option<Uint8ArraySlice<'env>>,
    pub validate: bool,
    /// Whether the gate is asked about every datagram of a stranger.
    pub filters: bool,
    pub reset_secret: Option<Uint8ArraySlice<'env>>,
}

/// See memory.rs.
#[napi(object)]
pub struct EngineMemory<'env> {
    pub records: Unknown<'env>,
    pub arena: Unknown<'env>,
    pub commands: Unknown<'env>,
    pub outbox: Unknown<'env>,
}

/// One endpoint: a socket and its connections. After `shutdown`, and after a panic, every method does nothing.
#[napi]
pub struct Engine {
    shell: Rc<Shell>,
    host: String,
    port: u16,
}

#[napi]
impl Engine {
    /// `on_turn(records, failure)` is called once a turn, `gate(question, host)` about strangers.
    #[napi(constructor)]
    pub fn new(
        env: &Env,
        options: EngineOptions<'_>,
        on_turn: Function<'_, Unknown<'_>, Unknown<'_>>,
        gate: Option<Function<'_, Unknown<'_>, Unknown<'_>>>,
        memory: EngineMemory<'_>,
    ) -> Result<Self> {
        let raw = env.raw();
        let filters = options.filters;
        let port = u16::try_from(options.port).map_err(|_| failed("the port is out of range"))?;
        let local = address::parse(&options.host, port).map_err(failed)?;
        let options = checked(options)?;
        let EngineMemory { records, arena, commands, outbox } = memory;
        let shared =
            Memory::new(area(raw, &records)?, area(raw, &arena)?, area(raw, &commands)?, area(raw, &outbox)?)
                .map_err(failed)?;
        let endpoint = Endpoint::new(&options, local, shared)
            .map_err(|error| Error::new(Status::GenericFailure, bind_error(&error)))?;
        let bound = endpoint.socket().local();
        let js = Js {
            env: raw,
            on_turn: reference(raw, on_turn.raw())?,
            gate: match gate {
                Some(gate) => reference(raw, gate.raw())?,
                None => null_mut(),
            },
            filters,
            memory: [records.raw(), arena.raw(), commands.raw(), outbox.raw()]
                .map(|value| reference(raw, value))
                .into_iter()
                .collect::<Result<_>>()?,
            context: context(raw)?,
        };
        let shell = Shell::start(endpoint, js, options.server.is_some()).map_err(failed)?;
        Ok(Self { shell, host: address::host(&bound), port: bound.port() })
    }

    /// The IP address that it is bound to.
    #[napi(getter)]
    pub fn host(&self) -> String {
        self.host.clone()
    }

    #[napi(getter)]
    pub fn port(&self) -> u32 {
        self.port.into()
    }

    /// Starts a connection to an IP address, and gives its id.
    #[napi]
    pub fn dial(&self, host: String, port: u32) -> Result<f64> {
        let to = u16::try_from(port)
            .map_err(|_| "the port is out of range".to_string())
            .and_then(|port| address::parse(&host, port))
            .map_err(failed)?;
        let dialled = self.shell.call(|endpoint| Some(endpoint.dial(to)));
        self.shell.keep_alive();
        let id = dialled.ok_or_else(|| failed("the endpoint is closed"))?.map_err(failed)?;
        Ok(id as f64)
    }

    /// For what does not go through the outbox. The bytes that were taken; -1 when the stream takes none any more.
    #[napi]
    pub fn write(&self, connection: f64, stream: f64, bytes: &[u8], fin: bool) -> f64 {
        let taken = self.shell.call(|endpoint| {
            let connection = endpoint.touch(connection as u64)?;
            connection.write(stream_id(stream as u64), bytes, fin)
        });
        taken.map_or(-1.0, |taken| taken as f64)
    }

    #[napi]
    pub fn reset(&self, connection: f64, stream: f64) {
        self.shell.call(|endpoint| {
            if let Some(connection) = endpoint.touch(connection as u64) {
                connection.reset(stream_id(stream as u64));
            }
        });
    }

    #[napi]
    pub fn pause(&self, connection: f64, stream: f64) {
        self.shell.call(|endpoint| {
            if let Some(connection) = endpoint.touch(connection as u64) {
                connection.pause(stream_id(stream as u64));
            }
        });
    }

    #[napi]
    pub fn resume(&self, connection: f64, stream: f64) {
        self.shell.call(|endpoint| {
            if let Some(connection) = endpoint.touch(connection as u64) {
                connection.resume(stream_id(stream as u64));
            }
        });
    }

    /// True when the peer has all that was finished; else a record tells when it has.
    #[napi]
    pub fn flush(&self, connection: f64) -> bool {
        let flushed = self.shell.call(|endpoint| endpoint.touch(connection as u64).map(|it| it.flush()));
        flushed.unwrap_or(true)
    }

    /// Asks the peer for a sign of life, now.
    #[napi]
    pub fn ping(&self, connection: f64) {
        self.shell.call(|endpoint| {
            if let Some(connection) = endpoint.touch(connection as u64) {
                connection.quic.ping();
            }
        });
    }

    #[napi]
    pub fn trust(&self, connection: f64) {
        self.shell.call(|endpoint| {
            if let Some(connection) = endpoint.touch(connection as u64) {
                connection.trust();
            }
        });
    }

    /// Ends a connection; no record tells of it any more.
    #[napi]
    pub fn close(&self, connection: f64, code: u32, reason: String) {
        self.shell.call(|endpoint| {
            if let Some(connection) = endpoint.touch(connection as u64) {
                connection.close(Instant::now(), code, reason);
            }
        });
    }

    #[napi]
    pub fn peer_certificate(&self, connection: f64) -> Option<Buffer> {
        let certificate = self.shell.call(|endpoint| endpoint.touch(connection as u64)?.peer_certificate());
        certificate.map(Into::into)
    }

    #[napi]
    pub fn refuse_new(&self) {
        self.shell.call(|endpoint| endpoint.refuse_new());
    }

    /// The live connections, and the counters in their order (see `Counters`).
    #[napi]
    pub fn stats(&self) -> Vec<f64> {
        self.shell.call(|endpoint| {
            let counted = endpoint.counters.in_order().map(|count| count as f64);
            [endpoint.live() as f64].into_iter().chain(counted).collect()
        })
    }

    /// Sends what is left to send, frees the port, and lets go of everything.
    #[napi]
    pub fn shutdown(&self) {
        self.shell.farewell();
        if self.shell.close() {
            self.shell.release();
        }
    }

    /// Test only: the next entry of a kind panics. 1: the socket, 2: before the loop sleeps, 3: the timer, 4: a call.
    #[napi]
    pub fn panic_in(&self, entry: u32) {
        self.shell.panic_in(entry);
    }
}

fn failed(reason: impl Into<String>) -> Error {
    Error::new(Status::GenericFailure, reason.into())
}

/// As Node words it, with the code first.
fn bind_error(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "EADDRINUSE, the port is taken".into(),
        std::io::ErrorKind::AddrNotAvailable => "EADDRNOTAVAIL, no address of this machine".into(),
        std::io::ErrorKind::PermissionDenied => "EACCES, this user may not take the port".into(),
        _ => error.to_string(),
    }
}

fn checked(options: EngineOptions<'_>) -> Result<Options> {
    let server = match (options.key, options.certificate, options.reset_secret) {
        (Some(key), Some(certificate), Some(secret)) => Some(ServerOptions {
            key: key.to_vec(),
            certificate: certificate.to_vec(),
            validate: options.validate,
            reset_secret: secret.to_vec(),
        }),
        (None, None, None) => None,
        _ => return Err(failed("key, certificate and resetSecret go together")),
    };
    Ok(Options {
        idle_timeout_ms: options.idle_timeout_ms,
        keep_alive_ms: options.keep_alive_ms,
        stream_window: options.stream_window,
        max_streams: options.max_streams,
        limits: PeerLimits {
            half_open_bytes: options.half_open_bytes as usize,
            half_open_time: Duration::from_millis(options.half_open_ms.into()),
            stranger_bytes: options.stranger_bytes as usize,
            overhead_bytes: options.overhead_bytes,
            packets: options.packets_per_turn as usize,
        },
        server,
    })
}

fn area<T>(env: sys::napi_env, value: &Unknown<'_>) -> Result<Area<T>> {
    let (mut kind, mut length, mut start): (_, _, *mut c_void) = (0, 0, null_mut());
    // SAFETY: `value` is alive, and the call checks that it is a typed array.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value.raw(),
            &mut kind,
            &mut length,
            &mut start,
            null_mut(),
            null_mut(),
        )
    };
    let size = match kind {
        sys::TypedarrayType::float64_array => 8,
        sys::TypedarrayType::uint8_array => 1,
        _ => 0,
    };
    if status != sys::Status::napi_ok || size != size_of::<T>() {
        return Err(failed("the engine's memory is not of the types that it needs"));
    }
    // SAFETY: the array is kept alive by a reference until the endpoint is gone (`Js::memory`), its owner passes it to
    // nobody else and never detaches it, and both sides are on one thread.
    Ok(unsafe { Area::new(start.cast(), length) })
}

fn reference(env: sys::napi_env, value: sys::napi_value) -> Result<sys::napi_ref> {
    let mut reference = null_mut();
    // SAFETY: `value` is alive in the caller's scope.
    match unsafe { sys::napi_create_reference(env, value, 1, &mut reference) } {
        sys::Status::napi_ok => Ok(reference),
        _ => Err(failed("no reference could be made")),
    }
}

fn context(env: sys::napi_env) -> Result<sys::napi_async_context> {
    let (mut name, mut context) = (null_mut(), null_mut());
    // SAFETY: the name is a C string, and the values live in the caller's scope.
    let status = unsafe {
        sys::napi_create_string_utf8(env, RESOURCE.as_ptr(), RESOURCE.count_bytes() as isize, &mut name);
        sys::napi_async_init(env, null_mut(), name, &mut context)
    };
    match status {
        sys::Status::napi_ok => Ok(context),
        _ => Err(failed("no async context could be made")),
    }
}
