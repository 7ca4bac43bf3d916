//! Levin's QUIC engine: quinn-proto, which does no IO, on Node's own event loop.
//!
//! | file                                     | what                                                             |
//! | ---------------------------------------- | ---------------------------------------------------------------- |
//! | `node`                                   | what JavaScript calls                                            |
//! | `shell`, `uv`                            | the loop: libuv's handles, turns, calls into JavaScript, panics  |
//! | `endpoint`, `receive`, `transmit`        | one socket and its connections, without Node                     |
//! | `table`, `deadlines`                     | which connection is meant, and when it wants to be looked at     |
//! | `connection`, `streams`, `events`        | one connection: its limits, its bytes, what is told of it        |
//! | `budget`                                 | what a peer may send that carries nothing                        |
//! | `memory`                                 | records, bytes and commands, shared with JavaScript              |
//! | `newcomers`                              | how many first packets of strangers are looked at                |
//! | `resets`                                 | how many stateless resets go out                                 |
//! | `tidy`                                   | when memory goes back to the system                              |
//! | `socket`, `address`, `tls`, `config`, `limits` | what these stand on                                        |
//! | `sr25519`                                | signatures of the handshake                                      |
#![deny(unsafe_op_in_unsafe_fn)]
// Without Node there is nobody who calls most of it.
#![cfg_attr(test, allow(dead_code))]

mod address;
mod budget;
mod config;
mod connection;
mod deadlines;
mod endpoint;
mod events;
mod limits;
mod memory;
mod newcomers;
mod receive;
mod resets;
mod silence;
mod socket;
mod sr25519;
mod streams;
mod table;
#[cfg(test)]
mod tests;
mod tidy;
mod tls;
mod transmit;

// Their symbols are in the node binary alone.
#[cfg(not(test))]
mod node;
#[cfg(not(test))]
mod shell;
#[cfg(not(test))]
mod uv;
