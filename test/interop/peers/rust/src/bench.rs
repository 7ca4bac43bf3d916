//! The benchmark's miner and client, used as a user of the crate would.

use crate::args::Args;
use crate::{keys, miner};
use btlightning::{
    LightningClient, LightningServerConfig, QuicAxonInfo, QuicRequest, Sr25519Signer, SynapsePacket,
};
use rmpv::Value;
use serde_json::json;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Not measured: connections, caches and congestion windows get warm.
const WARM_UP: Duration = Duration::from_millis(300);

/// `echo` and `bulk`. Many clients of one IP connect in a benchmark: no handshake limit.
pub async fn serve(args: &Args) -> Result<ExitCode, String> {
    let config = LightningServerConfig::builder()
        .max_handshake_attempts_per_minute(1_000_000)
        .build()
        .map_err(|error| error.to_string())?;
    miner::serve_bench(args, config).await
}

pub async fn measure(args: &Args) -> Result<ExitCode, String> {
    let target = Target::read(args)?;
    let inflight: usize = args.number("inflight", 1)?;
    let seconds: f64 = args.number("seconds", 2.0)?;
    let setups: usize = args.number("setups", 0)?;

    let setup_ms = target.set_up_often(setups).await?;

    let client = Arc::new(target.connect().await?);
    target.ask(&client).await?;
    let opens = Instant::now() + WARM_UP;
    let closes = opens + Duration::from_secs_f64(seconds);
    let workers: Vec<_> = (0..inflight)
        .map(|_| {
            let (client, target) = (client.clone(), target.clone());
            tokio::spawn(async move {
                let mut took = Vec::new();
                loop {
                    let start = Instant::now();
                    if start >= closes {
                        return Ok::<_, String>(took);
                    }
                    target.ask(&client).await?;
                    let end = Instant::now();
                    // Whatever is answered in the window counts: with big payloads the first ones began before it.
                    if end >= opens && end <= closes {
                        took.push(end - start);
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep_until(opens.into()).await;
    let cpu_before = own_cpu();
    tokio::time::sleep_until(closes.into()).await;
    let cpu = own_cpu() - cpu_before;

    let mut took = Vec::new();
    for worker in workers {
        took.extend(worker.await.map_err(|error| error.to_string())??);
    }
    client
        .close_all_connections()
        .await
        .map_err(|error| error.to_string())?;
    took.sort_unstable();
    let requests = took.len();
    println!(
        "{}",
        json!({
            "rps": round(requests as f64 / seconds),
            "p50Ms": quantile(&took, 0.5),
            "p99Ms": quantile(&took, 0.99),
            "setupMs": setup_ms,
            "cpuUs": round(cpu.as_secs_f64() * 1e6 / requests.max(1) as f64),
            "requests": requests,
            "frameBytes": target.frame_bytes()?,
        })
    );
    Ok(ExitCode::SUCCESS)
}

/// Streams of `--bytes` in chunks of `--size` one after another, then streams of `--short` for the time to their first
/// chunk.
pub async fn measure_streams(args: &Args) -> Result<ExitCode, String> {
    let target = Target::read(args)?;
    let bytes: u64 = args.number("bytes", 64 << 20)?;
    let streams: usize = args.number("streams", 3)?;
    let short: u64 = args.number("short", 64 << 10)?;
    let firsts: usize = args.number("firsts", 21)?;
    let client = target.connect().await?;

    let warm = Instant::now() + WARM_UP;
    while Instant::now() < warm {
        target.read_stream(&client, bytes).await?;
    }
    let mut took = Vec::with_capacity(streams);
    for _ in 0..streams {
        took.push(target.read_stream(&client, bytes).await?.whole);
    }
    let mut first = Vec::with_capacity(firsts);
    for _ in 0..firsts {
        first.push(target.read_stream(&client, short).await?.first);
    }
    client
        .close_all_connections()
        .await
        .map_err(|error| error.to_string())?;
    took.sort_unstable();
    first.sort_unstable();
    println!(
        "{}",
        json!({ "wholeMs": quantile(&took, 0.5), "firstMs": quantile(&first, 0.5) })
    );
    Ok(ExitCode::SUCCESS)
}

/// Since the query.
struct StreamTimes {
    first: Duration,
    whole: Duration,
}

#[derive(Clone)]
struct Target {
    seed: u8,
    axon: QuicAxonInfo,
    payload: Vec<u8>,
}

impl Target {
    fn read(args: &Args) -> Result<Self, String> {
        Ok(Target {
            seed: args.seed("seed", 2)?,
            axon: QuicAxonInfo::new(
                keys::hotkey(args.seed("miner-seed", 1)?),
                "127.0.0.1".into(),
                args.port()?,
                4,
            ),
            payload: vec![0x5a; args.number("size", 1024)?],
        })
    }

    async fn connect(&self) -> Result<LightningClient, String> {
        let mut client = LightningClient::new(keys::hotkey(self.seed));
        client.set_signer(Box::new(Sr25519Signer::from_seed(keys::seed(self.seed))));
        let connected = client.initialize_connections(vec![self.axon.clone()]).await;
        connected.map_err(|error| error.to_string())?;
        Ok(client)
    }

    async fn ask(&self, client: &LightningClient) -> Result<(), String> {
        let request = QuicRequest::new("echo".into(), self.data());
        let response = client
            .query_axon(self.axon.clone(), request)
            .await
            .map_err(|error| error.to_string())?;
        if !response.success {
            return Err(response.error.unwrap_or_else(|| "refused without a word".into()));
        }
        match response.data.get("payload") {
            Some(Value::Binary(bytes)) if bytes.len() == self.payload.len() => Ok(()),
            other => Err(format!(
                "the echo of {} bytes came back as {other:?}",
                self.payload.len()
            )),
        }
    }

    /// `bytes` in chunks as big as the payload, each let go when it was counted.
    async fn read_stream(&self, client: &LightningClient, bytes: u64) -> Result<StreamTimes, String> {
        let words = |error: btlightning::LightningError| error.to_string();
        let data = HashMap::from([
            ("bytes".to_string(), Value::from(bytes)),
            ("chunk".to_string(), Value::from(self.payload.len())),
        ]);
        let start = Instant::now();
        let request = QuicRequest::new("bulk".into(), data);
        let mut stream = client
            .query_axon_stream(self.axon.clone(), request)
            .await
            .map_err(words)?;
        let mut first = None;
        let mut got = 0;
        while let Some(chunk) = stream.next_chunk().await.map_err(words)? {
            first.get_or_insert_with(|| start.elapsed());
            got += chunk.len() as u64;
        }
        let whole = start.elapsed();
        match first {
            Some(first) if got == bytes => Ok(StreamTimes { first, whole }),
            _ => Err(format!("a stream of {bytes} bytes had {got}")),
        }
    }

    fn data(&self) -> HashMap<String, Value> {
        HashMap::from([("payload".to_string(), Value::Binary(self.payload.clone()))])
    }

    /// Median milliseconds from nothing to the first answer, each time with a new client.
    async fn set_up_often(&self, times: usize) -> Result<Option<f64>, String> {
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let start = Instant::now();
            let client = self.connect().await?;
            self.ask(&client).await?;
            took.push(start.elapsed());
            client
                .close_all_connections()
                .await
                .map_err(|error| error.to_string())?;
        }
        took.sort_unstable();
        Ok(quantile(&took, 0.5))
    }

    fn frame_bytes(&self) -> Result<usize, String> {
        let packet = SynapsePacket {
            synapse_type: "echo".into(),
            data: self.data(),
            timestamp: unix_now(),
        };
        let bytes = rmp_serde::to_vec(&packet).map_err(|error| error.to_string())?;
        Ok(5 + bytes.len())
    }
}

pub fn unix_now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

fn quantile(sorted: &[Duration], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = (last as f64 * share).round() as usize;
    Some(round(sorted[at].as_secs_f64() * 1e3))
}

pub fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn own_usage() -> libc::rusage {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: getrusage fills the structure it is given, which is plain data.
    unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    }
}

/// The most that this process ever had resident; Linux counts it in KiB.
pub fn peak_memory_kib() -> i64 {
    own_usage().ru_maxrss
}

/// User and system time of this process, all threads.
fn own_cpu() -> Duration {
    let usage = own_usage();
    let span = |time: libc::timeval| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000);
    span(usage.ru_utime) + span(usage.ru_stime)
}
