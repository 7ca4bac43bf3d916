//! The protocol spoken by hand over quinn, to say what a stock client never would.

use crate::bench::unix_now;
use crate::keys;
use base64::{prelude::BASE64_STANDARD, Engine};
use btlightning::types::{read_frame, write_frame_and_finish};
use btlightning::{HandshakeRequest, HandshakeResponse, MessageType};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint};
use rmpv::Value;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature, CryptoProvider};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use sp_core::{blake2_256, Pair};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub const ALPN: &[u8] = b"btlightning";
pub const FRAME_LIMIT: u32 = 64 * 1024 * 1024;
const SOON: Duration = Duration::from_secs(10);

pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The fingerprint as it is signed and written.
pub fn fingerprint(certificate: &[u8]) -> String {
    BASE64_STANDARD.encode(blake2_256(certificate))
}

pub fn sign(seed: u8, text: &str) -> String {
    BASE64_STANDARD.encode(keys::pair(seed).sign(text.as_bytes()).0)
}

pub fn verify(hotkey_of: u8, signature: &str, text: &str) -> bool {
    let bytes = BASE64_STANDARD.decode(signature).unwrap_or_default();
    let Ok(raw) = <[u8; 64]>::try_from(bytes) else {
        return false;
    };
    let signature = sp_core::sr25519::Signature::from_raw(raw);
    sp_core::sr25519::Pair::verify(&signature, text.as_bytes(), &keys::pair(hotkey_of).public())
}

pub fn nonce() -> String {
    // A fresh key pair is as random as anything, and needs no further crate.
    let (pair, _) = sp_core::sr25519::Pair::generate();
    let digest = blake2_256(&pair.public().0);
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One connection with a UDP port of its own: the reference miner knows its validators by their remote address,
/// so two connections of one endpoint would share one identity there.
pub struct Wire {
    pub connection: Connection,
    pub fingerprint: String,
    _endpoint: Endpoint,
}

impl Wire {
    pub async fn connect(port: u16, alpn: &[u8]) -> Result<Self, String> {
        let mut tls = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider())))
            .with_no_client_auth();
        tls.alpn_protocols = vec![alpn.to_vec()];
        let crypto = QuicClientConfig::try_from(tls).map_err(|error| error.to_string())?;
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut endpoint = Endpoint::client(local).map_err(|error| error.to_string())?;
        endpoint.set_default_client_config(ClientConfig::new(Arc::new(crypto)));
        let connecting = endpoint
            .connect(SocketAddr::from(([127, 0, 0, 1], port)), "localhost")
            .map_err(|error| error.to_string())?;
        let connection = match tokio::time::timeout(SOON, connecting).await {
            Ok(connected) => connected.map_err(|error| error.to_string())?,
            Err(_) => return Err("no connection within 10 s".into()),
        };
        let chain = connection
            .peer_identity()
            .and_then(|any| any.downcast::<Vec<CertificateDer>>().ok());
        let leaf = chain
            .and_then(|chain| chain.first().cloned())
            .ok_or("no certificate")?;
        Ok(Wire {
            connection,
            fingerprint: fingerprint(&leaf),
            _endpoint: endpoint,
        })
    }

    /// A handshake request of `seed` in which everything is right.
    pub fn request(&self, seed: u8) -> HandshakeRequest {
        self.request_at(seed, unix_now())
    }

    pub fn request_at(&self, seed: u8, timestamp: u64) -> HandshakeRequest {
        self.request_with(seed, timestamp, nonce(), &self.fingerprint)
    }

    pub fn request_with(
        &self,
        seed: u8,
        timestamp: u64,
        nonce: String,
        fingerprint: &str,
    ) -> HandshakeRequest {
        let validator_hotkey = keys::hotkey(seed);
        let text = format!("handshake:{validator_hotkey}:{timestamp}:{nonce}:{fingerprint}");
        HandshakeRequest {
            signature: sign(seed, &text),
            validator_hotkey,
            timestamp,
            nonce,
        }
    }

    /// Sends one frame on a fresh stream and reads the one that comes back, with the end of the stream behind it.
    pub async fn exchange(
        &self,
        kind: MessageType,
        payload: &[u8],
    ) -> Result<(MessageType, Vec<u8>), String> {
        let exchanged = async {
            let (mut send, mut recv) = self
                .connection
                .open_bi()
                .await
                .map_err(|error| error.to_string())?;
            write_frame_and_finish(&mut send, kind, payload)
                .await
                .map_err(|error| error.to_string())?;
            let frame = read_frame(&mut recv, FRAME_LIMIT as usize)
                .await
                .map_err(|error| error.to_string())?;
            match recv.read_to_end(1).await {
                Ok(rest) if rest.is_empty() => Ok(frame),
                Ok(_) => Err("bytes after the answer".into()),
                Err(error) => Err(format!("after the answer: {error}")),
            }
        };
        within_reason(exchanged).await
    }

    /// Sends raw bytes, with or without FIN, and gives back what the other side says until it ends the stream.
    pub async fn raw(&self, bytes: &[u8], finish: bool) -> Result<Vec<u8>, String> {
        let exchanged = async {
            let (mut send, mut recv) = self
                .connection
                .open_bi()
                .await
                .map_err(|error| error.to_string())?;
            // The other side may have stopped the stream already.
            let _ = send.write_all(bytes).await;
            if finish {
                let _ = send.finish();
            }
            match recv.read_to_end(1024).await {
                Ok(said) => Ok(said),
                Err(quinn::ReadToEndError::Read(quinn::ReadError::Reset(_))) => Ok(Vec::new()),
                Err(error) => Err(error.to_string()),
            }
        };
        within_reason(exchanged).await
    }

    /// The answer to a handshake, as it stands on the wire.
    pub async fn handshake(&self, payload: &[u8]) -> Result<Value, String> {
        let (kind, answer) = self.exchange(MessageType::HandshakeRequest, payload).await?;
        if kind != MessageType::HandshakeResponse {
            return Err(format!("answered with {kind:?}"));
        }
        decode(&answer)
    }

    /// A handshake that has to succeed: what the answer proves is checked.
    pub async fn authenticate(
        &self,
        request: &HandshakeRequest,
        seed: u8,
        miner_seed: u8,
    ) -> Result<(), String> {
        let value = self.handshake(&pack(request)?).await?;
        self.check_accepted(&value, request, seed, miner_seed)
    }

    pub fn check_accepted(
        &self,
        value: &Value,
        request: &HandshakeRequest,
        seed: u8,
        miner_seed: u8,
    ) -> Result<(), String> {
        if value.as_array().map(Vec::len) != Some(6) {
            return Err(format!("not an array of six: {value}"));
        }
        let answer: HandshakeResponse =
            rmp_serde::from_slice(&pack(value)?).map_err(|error| error.to_string())?;
        if !answer.accepted {
            return Err(format!("not accepted: {value}"));
        }
        let (validator, miner) = (keys::hotkey(seed), keys::hotkey(miner_seed));
        let text = format!(
            "handshake_response:{validator}:{miner}:{}:{}:{}",
            answer.timestamp, request.nonce, self.fingerprint
        );
        let millis = answer.connection_id.strip_prefix(&format!("conn_{validator}_"));
        let recent = |millis: &str| {
            millis
                .parse()
                .is_ok_and(|at: u64| at.abs_diff(unix_now() * 1000) < 10_000)
        };
        let checks = [
            (answer.miner_hotkey == miner, "miner_hotkey"),
            (answer.timestamp.abs_diff(unix_now()) < 10, "timestamp"),
            (verify(miner_seed, &answer.signature, &text), "signature"),
            (millis.is_some_and(recent), "connection_id"),
            (
                answer.cert_fingerprint.as_ref() == Some(&self.fingerprint),
                "cert_fingerprint",
            ),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, field)) => Err(format!("wrong {field} in {value}")),
        }
    }
}

async fn within_reason<T>(done: impl std::future::Future<Output = Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(SOON, done).await {
        Ok(result) => result,
        Err(_) => Err("nothing came within 10 s".into()),
    }
}

/// As btlightning writes it: structures are arrays.
pub fn pack(value: &impl serde::Serialize) -> Result<Vec<u8>, String> {
    rmp_serde::to_vec(value).map_err(|error| error.to_string())
}

pub fn decode(bytes: &[u8]) -> Result<Value, String> {
    let mut rest = bytes;
    let value = rmpv::decode::read_value(&mut rest).map_err(|error| error.to_string())?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(format!("{} bytes after {value}", rest.len()))
    }
}

/// The rule of the protocol: any certificate will do, but its owner has to prove that it holds the key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
