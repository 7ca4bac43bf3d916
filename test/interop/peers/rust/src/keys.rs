//! Hotkeys of the fixed test seeds.

use sp_core::{crypto::Ss58Codec, sr25519, Pair};

pub fn seed(byte: u8) -> [u8; 32] {
    [byte; 32]
}

pub fn pair(byte: u8) -> sr25519::Pair {
    sr25519::Pair::from_seed(&seed(byte))
}

pub fn hotkey(byte: u8) -> String {
    pair(byte).public().to_ss58check()
}
