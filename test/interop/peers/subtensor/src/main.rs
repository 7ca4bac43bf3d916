//! What btlightning makes of a subnet that it reads from a node, as one line of JSON.

#![deny(warnings)]

use btlightning::{connect_subtensor, Metagraph};
use serde_json::json;
use std::error::Error;

const USAGE: &str = "usage: levin-subtensor-peer ENDPOINT NETUID";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let endpoint = words.next().ok_or(USAGE)?;
    let netuid = words.next().ok_or(USAGE)?.parse()?;

    let client = connect_subtensor(&endpoint).await?;
    let mut metagraph = Metagraph::new(netuid);
    metagraph.sync(&client).await?;

    let miners: Vec<_> = metagraph
        .quic_miners()
        .into_iter()
        .map(|miner| json!([miner.hotkey, miner.ip, miner.port]))
        .collect();
    let mut validators: Vec<String> = metagraph
        .validator_axon_ips()
        .iter()
        .map(ToString::to_string)
        .collect();
    validators.sort();
    let found = json!({
        "block": metagraph.block,
        "n": metagraph.n,
        "quic_miners": miners,
        "validator_axon_ips": validators,
    });
    println!("{found}");
    Ok(())
}
