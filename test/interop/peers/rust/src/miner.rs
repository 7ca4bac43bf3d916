//! The miner every interop run asks: stock btlightning with the six test synapses.

use crate::args::{seed_byte, Args};
use crate::{announce, keys};
use async_trait::async_trait;
use btlightning::{
    AsyncSynapseHandler, LightningError, LightningServer, LightningServerConfig, Result,
    StreamingSynapseHandler, ValidatorPermitResolver,
};
use std::collections::{HashMap, HashSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

type Data = HashMap<String, rmpv::Value>;

/// Longer than any handler timeout a test would choose.
const AGES: Duration = Duration::from_secs(60);

enum Plain {
    Echo,
    Fail,
    Slow,
}

#[async_trait]
impl AsyncSynapseHandler for Plain {
    async fn handle(&self, _synapse: &str, data: Data) -> Result<Data> {
        match self {
            Plain::Echo => Ok(data),
            Plain::Fail => Err(LightningError::handler("the secret of the handler")),
            Plain::Slow => {
                tokio::time::sleep(AGES).await;
                Ok(data)
            }
        }
    }
}

enum Streamed {
    Count,
    Stall,
    Half,
}

#[async_trait]
impl StreamingSynapseHandler for Streamed {
    async fn handle(&self, _synapse: &str, data: Data, sender: Sender<Vec<u8>>) -> Result<()> {
        let n = natural(&data, "n")?;
        let size = natural(&data, "size")?;
        for i in 0..n {
            if i > 0 && matches!(self, Streamed::Stall) {
                tokio::time::sleep(AGES).await;
            }
            let gone = |_| LightningError::Stream("the validator went away".into());
            sender.send(chunk(i, size)).await.map_err(gone)?;
        }
        match self {
            Streamed::Half => Err(LightningError::handler("the secret of the handler")),
            _ => Ok(()),
        }
    }
}

/// `bytes` in chunks of `chunk`, for the benchmark.
struct Bulk;

#[async_trait]
impl StreamingSynapseHandler for Bulk {
    async fn handle(&self, _synapse: &str, data: Data, sender: Sender<Vec<u8>>) -> Result<()> {
        let chunk = natural(&data, "chunk")?.max(1);
        let mut left = natural(&data, "bytes")?;
        while left > 0 {
            let size = chunk.min(left);
            let gone = |_| LightningError::Stream("the validator went away".into());
            sender.send(vec![7; size as usize]).await.map_err(gone)?;
            left -= size;
        }
        Ok(())
    }
}

/// Chunk `i` of a test stream: `size` bytes of the value `i` mod 256.
pub fn chunk(i: u64, size: u64) -> Vec<u8> {
    vec![i as u8; size as usize]
}

fn natural(data: &Data, name: &str) -> Result<u64> {
    data.get(name)
        .and_then(rmpv::Value::as_u64)
        .ok_or_else(|| LightningError::handler(format!("{name} is not a natural number")))
}

struct Admitted(HashSet<String>);

impl ValidatorPermitResolver for Admitted {
    fn resolve_permitted_validators(&self) -> Result<HashSet<String>> {
        Ok(self.0.clone())
    }
}

pub async fn serve(args: &Args) -> std::result::Result<ExitCode, String> {
    let mut config = LightningServerConfig::builder();
    if args.flag("handler-timeout") {
        config = config.handler_timeout_secs(args.number("handler-timeout", 30)?);
    }
    let admitted = match args.list("admit") {
        None => None,
        Some(seeds) => {
            let hotkeys = seeds.into_iter().map(|text| seed_byte(text).map(keys::hotkey));
            Some(Admitted(hotkeys.collect::<std::result::Result<_, _>>()?))
        }
    };
    config = config.require_validator_permit(admitted.is_some());
    let config = config.build().map_err(|error| error.to_string())?;
    let mut server = create(args, config)?;
    if let Some(admitted) = admitted {
        server.set_validator_permit_resolver(Box::new(admitted));
    }
    run(
        server,
        &[
            ("echo", Plain::Echo),
            ("fail", Plain::Fail),
            ("slow", Plain::Slow),
        ]
        .map(shared),
        vec![
            ("count", Arc::new(Streamed::Count)),
            ("stall", Arc::new(Streamed::Stall)),
            ("half", Arc::new(Streamed::Half)),
        ],
    )
    .await
}

/// The same server with what the benchmark asks: `echo` and `bulk`.
pub async fn serve_bench(
    args: &Args,
    config: LightningServerConfig,
) -> std::result::Result<ExitCode, String> {
    run(
        create(args, config)?,
        &[("echo", Plain::Echo)].map(shared),
        vec![("bulk", Arc::new(Bulk))],
    )
    .await
}

fn shared((name, handler): (&'static str, Plain)) -> (&'static str, Arc<Plain>) {
    (name, Arc::new(handler))
}

fn create(args: &Args, config: LightningServerConfig) -> std::result::Result<LightningServer, String> {
    let seed = args.seed("seed", 1)?;
    let mut server =
        LightningServer::with_config(keys::hotkey(seed), "127.0.0.1".into(), args.port()?, config)
            .map_err(|error| error.to_string())?;
    server.set_miner_keypair(keys::seed(seed));
    Ok(server)
}

async fn run(
    mut server: LightningServer,
    handlers: &[(&str, Arc<Plain>)],
    streams: Vec<(&str, Arc<dyn StreamingSynapseHandler>)>,
) -> std::result::Result<ExitCode, String> {
    let serving = async {
        for (name, handler) in handlers {
            server
                .register_async_synapse_handler(name.to_string(), handler.clone())
                .await?;
        }
        for (name, handler) in streams {
            server.register_streaming_handler(name.into(), handler).await?;
        }
        server.start().await?;
        announce(server.local_addr()?.port());
        server.serve_forever().await
    };
    serving.await.map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}
