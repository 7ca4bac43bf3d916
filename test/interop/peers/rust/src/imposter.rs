//! A server that shows a certificate whose private key it does not have, as one in the middle of a connection
//! would, and else plays the miner. A client that lets the handshake of TLS go through is fooled to the end.

use crate::args::Args;
use crate::hostile::{fingerprint, pack, provider, sign, ALPN, FRAME_LIMIT};
use crate::{announce, bench::unix_now, keys};
use btlightning::types::{read_frame, write_frame_and_finish};
use btlightning::{HandshakeRequest, HandshakeResponse, MessageType};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, Incoming, ServerConfig};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde_json::json;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug)]
struct Stolen(Arc<CertifiedKey>);

impl ResolvesServerCert for Stolen {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

pub async fn serve(args: &Args) -> Result<ExitCode, String> {
    let seed = args.seed("seed", 1)?;
    let (stolen, fingerprint) = steal().map_err(|error| error.to_string())?;
    let endpoint = listen(args.port()?, stolen).map_err(|error| error.to_string())?;
    announce(endpoint.local_addr().map_err(|error| error.to_string())?.port());
    while let Some(incoming) = endpoint.accept().await {
        let fingerprint = fingerprint.clone();
        tokio::spawn(async move {
            let (event, detail) = match play(incoming, seed, &fingerprint).await {
                Ok(()) => ("fooled", String::new()),
                Err(detail) => ("seen-through", detail),
            };
            println!("{}", json!({ "event": event, "detail": detail }));
        });
    }
    Ok(ExitCode::SUCCESS)
}

/// A certificate with the private key of another one of the same kind.
fn steal() -> Result<(Stolen, String), Box<dyn std::error::Error>> {
    let (owner, thief) = (rcgen::KeyPair::generate()?, rcgen::KeyPair::generate()?);
    let certificate = rcgen::CertificateParams::new(vec!["localhost".into()])?.self_signed(&owner)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(thief.serialize_der()));
    let key = provider().key_provider.load_private_key(key)?;
    let fingerprint = fingerprint(certificate.der());
    Ok((
        Stolen(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key))),
        fingerprint,
    ))
}

fn listen(port: u16, stolen: Stolen) -> Result<Endpoint, Box<dyn std::error::Error>> {
    let mut tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(stolen));
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let crypto = QuicServerConfig::try_from(tls)?;
    let local = SocketAddr::from(([127, 0, 0, 1], port));
    Ok(Endpoint::server(
        ServerConfig::with_crypto(Arc::new(crypto)),
        local,
    )?)
}

/// Until the client believes that it speaks with the miner.
async fn play(incoming: Incoming, seed: u8, fingerprint: &str) -> Result<(), String> {
    let connection = incoming.await.map_err(|error| error.to_string())?;
    let (mut send, mut recv) = connection.accept_bi().await.map_err(|error| error.to_string())?;
    let (_, payload) = read_frame(&mut recv, FRAME_LIMIT as usize)
        .await
        .map_err(|error| error.to_string())?;
    let request: HandshakeRequest = rmp_serde::from_slice(&payload).map_err(|error| error.to_string())?;
    let (validator, miner) = (request.validator_hotkey, keys::hotkey(seed));
    let timestamp = unix_now();
    let text = format!(
        "handshake_response:{validator}:{miner}:{timestamp}:{}:{fingerprint}",
        request.nonce
    );
    let answer = HandshakeResponse {
        signature: sign(seed, &text),
        miner_hotkey: miner,
        timestamp,
        accepted: true,
        connection_id: format!("conn_{validator}_{}", timestamp * 1000),
        cert_fingerprint: Some(fingerprint.into()),
    };
    write_frame_and_finish(&mut send, MessageType::HandshakeResponse, &pack(&answer)?)
        .await
        .map_err(|error| error.to_string())?;
    // The client believes it once it asks something on its next stream.
    connection
        .accept_bi()
        .await
        .map(drop)
        .map_err(|error| error.to_string())
}
