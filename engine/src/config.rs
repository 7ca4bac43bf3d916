//! What quinn is told: once an endpoint.
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn_proto::crypto::{CryptoError, HmacKey};
use quinn_proto::{
    ClientConfig, EndpointConfig, RandomConnectionIdGenerator, ServerConfig, TransportConfig,
    ValidationTokenConfig,
};
use ring::hmac;

use crate::limits::{self, PeerLimits};
use crate::tls;

/// Bytes of the connection ids that we choose. As btlightning: enough that nobody guesses one.
const CONNECTION_ID_BYTES: usize = 8;
const QUIC_V1: u32 = 1;

/// What both ends are told. All times in milliseconds.
#[derive(Clone, Debug)]
pub struct Options {
    pub idle_timeout_ms: u32,
    pub keep_alive_ms: u32,
    pub stream_window: u32,
    /// Streams that a peer may have open at once; its owner minds those of strangers.
    pub max_streams: u32,
    pub limits: PeerLimits,
    /// None for an endpoint that dials.
    pub server: Option<ServerOptions>,
}

#[derive(Clone, Debug)]
pub struct ServerOptions {
    pub key: Vec<u8>,
    pub certificate: Vec<u8>,
    /// Whether a client must first show, by Retry, that it receives at its address.
    pub validate: bool,
    pub reset_secret: Vec<u8>,
}

fn transport(options: &Options) -> Result<TransportConfig, String> {
    let mut transport = TransportConfig::default();
    let idle = Duration::from_millis(options.idle_timeout_ms.into());
    let is_server = options.server.is_some();
    transport
        .max_idle_timeout(Some(idle.try_into().map_err(|_| "the idle timeout is too long")?))
        // Keep-alive is ours: it is for those who proved themselves.
        .keep_alive_interval(None)
        .initial_rtt(limits::FIRST_ROUND_TRIP)
        .max_concurrent_uni_streams(0u32.into())
        .max_concurrent_bidi_streams(options.max_streams.into())
        .stream_receive_window(options.stream_window.into())
        .receive_window(if is_server { limits::STRANGER_WINDOW } else { limits::CONNECTION_WINDOW }.into())
        .send_window(limits::SEND_WINDOW)
        .crypto_buffer_size(limits::CRYPTO_BUFFER)
        .datagram_receive_buffer_size(None);
    Ok(transport)
}

pub fn endpoint(reset_key: Option<ResetKey>) -> EndpointConfig {
    let mut config = match reset_key {
        Some(key) => EndpointConfig::new(Arc::new(key)),
        None => EndpointConfig::default(),
    };
    config
        .supported_versions(vec![QUIC_V1])
        .min_reset_interval(Duration::ZERO) // `Resets` has the limits, for each source
        // Any id may be of a connection with the process before us, and is answered with a reset.
        .cid_generator(|| Box::new(RandomConnectionIdGenerator::new(CONNECTION_ID_BYTES)));
    config
}

pub fn client(options: &Options) -> Result<ClientConfig, String> {
    let mut config = ClientConfig::new(Arc::new(tls::client()?));
    config.transport_config(Arc::new(transport(options)?));
    Ok(config)
}

pub fn server(options: &Options, own: &ServerOptions) -> Result<ServerConfig, String> {
    let mut config = ServerConfig::with_crypto(Arc::new(tls::server(&own.key, &own.certificate)?));
    let mut no_tokens = ValidationTokenConfig::default();
    no_tokens.sent(0); // a token that is good for later connections would be good for somebody else's, too
    config
        .transport_config(Arc::new(transport(options)?))
        .migration(false) // a connection is pinned to the address that it came from
        .retry_token_lifetime(limits::RETRY_TOKEN_LIFE)
        .validation_token_config(no_tokens)
        .max_incoming(limits::UNDECIDED)
        .incoming_buffer_size(0)
        .incoming_buffer_size_total(0);
    Ok(config)
}

/// The tokens of stateless resets: the same after a restart, and others for another address, since miners of one
/// hotkey on one machine must not tell each other's (RFC 9000, section 21.11).
pub struct ResetKey {
    key: hmac::Key,
    place: String,
}

impl ResetKey {
    pub fn new(secret: &[u8], local: SocketAddr) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self { key, place: format!("{} {} ", local.ip(), local.port()) }
    }

    fn tag(&self, connection_id: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(self.place.as_bytes());
        context.update(connection_id);
        context.sign()
    }
}

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], out: &mut [u8]) {
        out.copy_from_slice(self.tag(data).as_ref());
    }

    fn signature_len(&self) -> usize {
        32
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let signed = [self.place.as_bytes(), data].concat();
        hmac::verify(&self.key, &signed, signature).map_err(|_| CryptoError)
    }
}
