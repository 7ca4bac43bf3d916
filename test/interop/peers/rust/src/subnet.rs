//! A validator of many miners, as a user of the crate would write it: all are asked at once, over and over.

use crate::args::Args;
use crate::bench::{peak_memory_kib, round};
use crate::keys;
use btlightning::{LightningClient, QuicAxonInfo, QuicRequest, Sr25519Signer};
use rmpv::Value;
use serde_json::json;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// `--axons FILE` is a JSON list of `{"hotkey", "host", "port"}`. The first round is timed from nothing.
pub async fn rounds(args: &Args) -> Result<ExitCode, String> {
    let axons = read_axons(args.text("axons").ok_or("--axons is missing")?)?;
    let rounds: usize = args.number("rounds", 20)?;
    let payload = vec![0x5a; args.number("size", 1024)?];
    let seed = args.seed("seed", 2)?;

    let start = Instant::now();
    let mut client = LightningClient::new(keys::hotkey(seed));
    client.set_signer(Box::new(Sr25519Signer::from_seed(keys::seed(seed))));
    let connected = client.initialize_connections(axons.clone()).await;
    connected.map_err(|error| error.to_string())?;
    let client = Arc::new(client);
    ask_all(&client, &axons, &payload).await?;
    let first = start.elapsed();

    let mut took = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        ask_all(&client, &axons, &payload).await?;
        took.push(start.elapsed());
    }
    let ms = |time: &Duration| round(time.as_secs_f64() * 1e3);
    println!(
        "{}",
        json!({
            "firstMs": ms(&first),
            "roundsMs": took.iter().map(ms).collect::<Vec<_>>(),
            "memoryKib": peak_memory_kib(),
        })
    );
    Ok(ExitCode::SUCCESS)
}

fn read_axons(path: &str) -> Result<Vec<QuicAxonInfo>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let list: Vec<serde_json::Value> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    list.iter()
        .map(|axon| {
            let hotkey = axon["hotkey"].as_str()?.to_string();
            let port = u16::try_from(axon["port"].as_u64()?).ok()?;
            Some(QuicAxonInfo::new(hotkey, axon["host"].as_str()?.into(), port, 4))
        })
        .collect::<Option<_>>()
        .ok_or(format!("{path} is no list of axons"))
}

async fn ask_all(
    client: &Arc<LightningClient>,
    axons: &[QuicAxonInfo],
    payload: &[u8],
) -> Result<(), String> {
    let mut asking = JoinSet::new();
    for axon in axons {
        let (client, axon) = (client.clone(), axon.clone());
        let data = HashMap::from([("payload".to_string(), Value::Binary(payload.to_vec()))]);
        asking.spawn(async move {
            let request = QuicRequest::new("echo".into(), data);
            let response = client
                .query_axon(axon, request)
                .await
                .map_err(|error| error.to_string())?;
            if response.success {
                Ok(())
            } else {
                Err(response.error.unwrap_or_default())
            }
        });
    }
    while let Some(asked) = asking.join_next().await {
        asked.map_err(|error| error.to_string())??;
    }
    Ok(())
}
