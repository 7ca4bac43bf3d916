//! The Rust of docs/coming-from-btlightning.md: what `run` does is the page's block, line by line (`test/house/docs.test.ts`).
//! It is compiled and not run, since it listens on every address.

use async_trait::async_trait;
use btlightning::{LightningServer, LightningServerConfig, Result, StreamingSynapseHandler, SynapseHandler};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

type Data = HashMap<String, rmpv::Value>;

struct Echo;

impl SynapseHandler for Echo {
    fn handle(&self, _synapse: &str, data: Data) -> Result<Data> {
        Ok(data)
    }
}

struct Count;

#[async_trait]
impl StreamingSynapseHandler for Count {
    async fn handle(&self, _synapse: &str, _data: Data, _sender: Sender<Vec<u8>>) -> Result<()> {
        Ok(())
    }
}

#[rustfmt::skip] // as the page breaks its lines
async fn run(hotkey: String, seed: [u8; 32], config: LightningServerConfig) -> Result<()> {
    let mut server = LightningServer::with_config(hotkey, "0.0.0.0".into(), 8443, config)?;
    server.set_miner_keypair(seed);
    server.register_synapse_handler("echo".into(), Arc::new(Echo)).await?;
    server.register_streaming_handler("count".into(), Arc::new(Count)).await?;
    server.start().await?;
    server.serve_forever().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let hotkey = std::env::args().nth(1).unwrap_or_default();
    run(hotkey, [1; 32], LightningServerConfig::default()).await
}
