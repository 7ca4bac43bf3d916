//! The validator every interop run asks with: stock btlightning against any miner with the test synapses.
//!
//! A whole run costs the miner seven handshakes, so that two runs and a few more stay below its limit of 30 a minute.

use crate::args::Args;
use crate::cases::{ensure, refused, Cases, Outcome};
use crate::{keys, miner::chunk};
use btlightning::{LightningClient, QuicAxonInfo, QuicRequest, QuicResponse, Sr25519Signer};
use rmpv::Value;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Data = HashMap<String, Value>;

/// Admitted by no miner of the suite.
const STRANGER: u8 = 0x0a;
/// The hotkey of no miner of the suite.
const NOBODY: u8 = 0x0b;
const PATIENCE: Duration = Duration::from_secs(60);

const CASES: [&str; 49] = [
    "value-u64-max",
    "value-i64-min",
    "value-integer-widths",
    "value-above-2-53",
    "value-f32",
    "value-f64",
    "value-f64-integral",
    "value-f64-special",
    "value-f64-million",
    "value-f32-embeddings",
    "value-nil",
    "value-bool",
    "value-bin",
    "value-str",
    "value-empty",
    "value-empty-data",
    "value-array",
    "value-nested-map",
    "value-integer-keys",
    "value-numeric-string-keys",
    "value-prototype-keys",
    "value-non-ascii",
    "value-deep",
    "value-many-fields",
    "size-0",
    "size-1",
    "size-1k",
    "size-64k",
    "size-1m",
    "size-16m",
    "latency",
    "stream-20m",
    "stream-small-chunks",
    "stream-empty-chunks",
    "stream-none",
    "error-unknown-synapse",
    "error-fail",
    "error-half",
    "error-stream-as-plain",
    "error-plain-as-stream",
    "error-unknown-stream",
    "timeout-slow",
    "timeout-stall",
    "concurrent-200",
    "streams-given-up",
    "wrong-hotkey-refused",
    "two-hotkeys-one-address",
    "not-admitted-refused",
    "reconnect-after-close",
];

pub async fn run(args: &Args) -> Result<ExitCode, String> {
    let peer = Peer {
        port: args.port()?,
        seed: args.seed("seed", 2)?,
        miner_seed: args.seed("miner-seed", 1)?,
    };
    let mut cases = Cases::choose(args, &CASES)?;
    // One connection for all of the plain cases. When it fails, each of them says so.
    let link = Link {
        axon: peer.axon(peer.miner_seed),
        client: Arc::new(peer.connect(peer.seed, &[peer.miner_seed]).await?),
    };

    for (name, value) in values() {
        // A Python miner knows one kind of float: what comes as f32 it answers as f64.
        if name == "value-f32" && args.flag("lossy") {
            continue;
        }
        cases
            .run(name, link.echo(Data::from([("v".into(), value)])))
            .await;
    }
    cases.run("value-empty-data", link.echo(Data::new())).await;
    let many = (0..1000)
        .map(|i| (format!("field-{i}"), Value::from(i)))
        .collect();
    cases.run("value-many-fields", link.echo(many)).await;
    for (name, size) in [
        ("size-0", 0),
        ("size-1", 1),
        ("size-1k", 1 << 10),
        ("size-64k", 64 << 10),
        ("size-1m", 1 << 20),
        ("size-16m", 16 << 20),
    ] {
        cases.run(name, link.size(size)).await;
    }
    cases.run("latency", link.latency()).await;
    cases.run("stream-20m", link.count(320, 65_536)).await;
    cases.run("stream-small-chunks", link.count(2_000, 3)).await;
    cases.run("stream-empty-chunks", link.count(5, 0)).await;
    cases.run("stream-none", link.count(0, 1)).await;
    cases
        .run(
            "error-unknown-synapse",
            link.plain_error("nothing-of-that-name", "unrecognized synapse type"),
        )
        .await;
    cases
        .run(
            "error-fail",
            link.plain_error("fail", "request processing failed"),
        )
        .await;
    cases
        .run(
            "error-half",
            link.stream_error("half", 3, "stream error: stream processing failed"),
        )
        .await;
    cases.run("error-stream-as-plain", link.stream_as_plain()).await;
    cases
        .run(
            "error-plain-as-stream",
            link.not_a_stream("echo", "returned SynapseResponse"),
        )
        .await;
    cases
        .run(
            "error-unknown-stream",
            link.not_a_stream("nothing-of-that-name", "unrecognized synapse type"),
        )
        .await;
    // Only for a miner with a short handler timeout (or by name); the usual 30 s would make the suite wait.
    if args.flag("expect-timeout") || args.flag("cases") {
        cases
            .run("timeout-slow", link.plain_error("slow", "handler timed out"))
            .await;
        cases
            .run(
                "timeout-stall",
                link.stream_error("stall", 2, "stream error: handler timed out"),
            )
            .await;
    }
    cases.run("concurrent-200", link.concurrent(200)).await;
    let streams: u64 = args.number("give-up", 0)?;
    if streams > 0 {
        cases.run("streams-given-up", link.give_up(streams)).await;
    }

    cases.run("wrong-hotkey-refused", peer.wrong_hotkey()).await;
    cases.run("two-hotkeys-one-address", peer.two_hotkeys()).await;
    cases.run("not-admitted-refused", peer.not_admitted()).await;
    cases.run("reconnect-after-close", peer.reconnect()).await;
    Ok(cases.verdict())
}

fn values() -> Vec<(&'static str, Value)> {
    let map = |entries: Vec<(Value, Value)>| Value::Map(entries);
    let deep = (0..60).fold(Value::from("bottom"), |inner, level| match level % 2 {
        0 => Value::Array(vec![inner]),
        _ => Value::Map(vec![("down".into(), inner)]),
    });
    // Both sides of every width that MessagePack writes differently.
    let widths = [
        0i64,
        1,
        127,
        128,
        255,
        256,
        65_535,
        65_536,
        4_294_967_295,
        4_294_967_296,
        -1,
        -32,
        -33,
        -128,
        -129,
        -32_768,
        -32_769,
        -2_147_483_648,
        -2_147_483_649,
    ];
    let above = 1i64 << 53;
    vec![
        ("value-u64-max", Value::from(u64::MAX)),
        ("value-i64-min", Value::from(i64::MIN)),
        (
            "value-integer-widths",
            Value::Array(widths.into_iter().map(Value::from).collect()),
        ),
        (
            "value-above-2-53",
            Value::Array(
                [above - 1, above, above + 1, -above, -above - 1, i64::MAX]
                    .map(Value::from)
                    .to_vec(),
            ),
        ),
        (
            "value-f32",
            Value::Array([0.1f32, 1.0, -2.5, f32::MAX].map(Value::F32).to_vec()),
        ),
        (
            "value-f64",
            Value::Array([0.1f64, -1.5e300, f64::MIN_POSITIVE].map(Value::F64).to_vec()),
        ),
        (
            "value-f64-integral",
            Value::Array([0.0f64, 1.0, -3.0, 1e18].map(Value::F64).to_vec()),
        ),
        (
            "value-f64-special",
            Value::Array(
                [-0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]
                    .map(Value::F64)
                    .to_vec(),
            ),
        ),
        (
            "value-f64-million",
            Value::Array(
                (0..1_000_000u32)
                    .map(|i| Value::F64(f64::from(i).sin()))
                    .collect(),
            ),
        ),
        (
            "value-f32-embeddings",
            Value::Array(vec![
                Value::Array(
                    (0..1024u16).map(|i| Value::F32(f32::from(i).sin())).collect()
                );
                512
            ]),
        ),
        ("value-nil", Value::Nil),
        ("value-bool", Value::Array(vec![true.into(), false.into()])),
        ("value-bin", Value::Binary((0..=255).collect())),
        (
            "value-str",
            Value::Array(
                [0, 31, 32, 255, 256, 65_536]
                    .map(|n| "s".repeat(n).into())
                    .to_vec(),
            ),
        ),
        (
            "value-empty",
            Value::Array(vec![
                Value::Array(vec![]),
                map(vec![]),
                "".into(),
                Value::Binary(vec![]),
            ]),
        ),
        (
            "value-array",
            Value::Array(vec![
                1.into(),
                "two".into(),
                Value::Nil,
                Value::Array((0..20).map(Value::from).collect()),
            ]),
        ),
        (
            "value-nested-map",
            map(vec![
                ("z".into(), 1.into()),
                (
                    "a".into(),
                    map(vec![(
                        "deeper".into(),
                        Value::Array(vec![map(vec![("x".into(), Value::Nil)])]),
                    )]),
                ),
            ]),
        ),
        // How a Rust enum arrives, then a map that only has such keys.
        (
            "value-integer-keys",
            Value::Array(vec![
                map(vec![(1.into(), "variant".into())]),
                map(vec![
                    (300.into(), 1.into()),
                    ((-7).into(), 2.into()),
                    (u64::MAX.into(), 3.into()),
                ]),
            ]),
        ),
        (
            "value-numeric-string-keys",
            map(vec![
                ("10".into(), 1.into()),
                ("9".into(), 2.into()),
                ("0".into(), 3.into()),
            ]),
        ),
        (
            "value-prototype-keys",
            map(vec![
                ("toString".into(), map(vec![("valueOf".into(), true.into())])),
                ("constructor".into(), 1.into()),
            ]),
        ),
        (
            "value-non-ascii",
            map(vec![("ключ-鍵-🔑".into(), "naïve – Ω – 星 – 🛰️".into())]),
        ),
        ("value-deep", deep),
    ]
}

/// The bytes of a value: tells -0 from 0, 1.0 from 1, f32 from f64, and NaN is equal to itself.
fn bytes_of(value: Option<&Value>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(value) = value {
        rmpv::encode::write_value(&mut bytes, value).expect("a vector takes every byte");
    }
    bytes
}

/// A connected client and the miner it asks.
struct Link {
    client: Arc<LightningClient>,
    axon: QuicAxonInfo,
}

impl Link {
    async fn ask(&self, synapse: &str, data: Data) -> Result<QuicResponse, String> {
        let request = QuicRequest::new(synapse.into(), data);
        let asked = self
            .client
            .query_axon_with_timeout(self.axon.clone(), request, PATIENCE);
        asked.await.map_err(|error| error.to_string())
    }

    async fn answer(&self, synapse: &str, data: Data) -> Result<Data, String> {
        let response = self.ask(synapse, data).await?;
        ensure(response.success, || format!("no success: {:?}", response.error))?;
        ensure(response.error.is_none(), || {
            format!("success with an error: {:?}", response.error)
        })?;
        Ok(response.data)
    }

    async fn echo(&self, sent: Data) -> Outcome {
        let got = self.answer("echo", sent.clone()).await?;
        ensure(got.len() == sent.len(), || {
            format!("{} fields became {}", sent.len(), got.len())
        })?;
        for (key, value) in &sent {
            let same = bytes_of(got.get(key)) == bytes_of(Some(value));
            ensure(same, || {
                brief(&format!("{key}: {value} became {:?}", got.get(key)))
            })?;
        }
        Ok(String::new())
    }

    async fn size(&self, size: usize) -> Outcome {
        // Not one repeated byte: a chunk in the wrong place must show.
        let payload: Vec<u8> = (0..size).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect();
        let data = Data::from([("payload".into(), Value::Binary(payload.clone()))]);
        let got = self.answer("echo", data).await?;
        match got.get("payload") {
            Some(Value::Binary(bytes)) if *bytes == payload => Ok(format!("{size} bytes")),
            Some(Value::Binary(bytes)) => Err(format!("{size} bytes became {} others", bytes.len())),
            _ => Err(format!(
                "{size} bytes became {} fields without a binary payload",
                got.len()
            )),
        }
    }

    async fn latency(&self) -> Outcome {
        let start = Instant::now();
        let response = self.ask("echo", Data::new()).await?;
        let whole = start.elapsed().as_secs_f64() * 1e3;
        let sane = response.latency_ms > 0.0 && response.latency_ms <= whole;
        ensure(sane, || {
            format!("latency of {} ms in {whole} ms", response.latency_ms)
        })?;
        Ok(format!("{:.3} ms", response.latency_ms))
    }

    /// Reads a stream to its end; what came before a failure counts too.
    async fn stream(&self, synapse: &str, n: u64, size: u64) -> (Vec<Vec<u8>>, Result<(), String>) {
        let data = Data::from([("n".into(), n.into()), ("size".into(), size.into())]);
        let request = QuicRequest::new(synapse.into(), data);
        let mut chunks = Vec::new();
        let mut stream = match self.client.query_axon_stream(self.axon.clone(), request).await {
            Ok(stream) => stream,
            Err(error) => return (chunks, Err(error.to_string())),
        };
        loop {
            match stream.next_chunk().await {
                Ok(Some(chunk)) => chunks.push(chunk),
                Ok(None) => return (chunks, Ok(())),
                Err(error) => return (chunks, Err(error.to_string())),
            }
        }
    }

    async fn count(&self, n: u64, size: u64) -> Outcome {
        let (chunks, end) = self.stream("count", n, size).await;
        end?;
        ensure(chunks.len() as u64 == n, || {
            format!("{n} chunks became {}", chunks.len())
        })?;
        for (i, got) in chunks.iter().enumerate() {
            ensure(*got == chunk(i as u64, size), || {
                format!("chunk {i} of {} bytes is not as sent", got.len())
            })?;
        }
        Ok(format!("{} bytes", n * size))
    }

    /// Leaves streams in the middle of their answer, on a connection that has room for 128, and is answered all the same.
    async fn give_up(&self, streams: u64) -> Outcome {
        for i in 0..streams {
            let data = Data::from([("n".into(), 100.into()), ("size".into(), 65_536.into())]);
            let request = QuicRequest::new("count".into(), data);
            let asked = self.client.query_axon_stream(self.axon.clone(), request).await;
            let mut stream = asked.map_err(|error| format!("stream {i}: {error}"))?;
            let first = stream
                .next_chunk()
                .await
                .map_err(|error| format!("stream {i}: {error}"))?;
            ensure(first.is_some_and(|chunk| chunk == self::chunk(0, 65_536)), || {
                format!("stream {i} began with another chunk")
            })?;
        }
        self.concurrent(200).await?;
        Ok(format!("{streams} streams, then 200 answers"))
    }

    async fn plain_error(&self, synapse: &str, text: &str) -> Outcome {
        let response = self.ask(synapse, Data::new()).await?;
        ensure(!response.success, || "success".into())?;
        ensure(response.error.as_deref() == Some(text), || {
            format!("{:?}, expected: {text}", response.error)
        })?;
        ensure(response.data.is_empty(), || {
            format!("{} fields came with the error", response.data.len())
        })?;
        Ok(text.into())
    }

    /// `half` sends all of its chunks before it fails, `stall` the first one.
    async fn stream_error(&self, synapse: &str, n: u64, text: &str) -> Outcome {
        let (chunks, end) = self.stream(synapse, n, 100).await;
        let expected = if synapse == "stall" { 1 } else { n as usize };
        ensure(chunks.len() == expected, || {
            format!("{} chunks before {end:?}", chunks.len())
        })?;
        match end {
            Err(error) if error == text => Ok(error),
            other => Err(format!("{other:?}, expected: {text}")),
        }
    }

    async fn stream_as_plain(&self) -> Outcome {
        let data = Data::from([("n".into(), 1.into()), ("size".into(), 1.into())]);
        refused(
            self.ask("count", data).await,
            "received StreamChunk on non-streaming query",
        )
    }

    async fn not_a_stream(&self, synapse: &str, text: &str) -> Outcome {
        let (chunks, end) = self.stream(synapse, 1, 1).await;
        ensure(chunks.is_empty(), || format!("{} chunks", chunks.len()))?;
        refused(end, text)
    }

    async fn concurrent(&self, queries: u64) -> Outcome {
        let asked: Vec<_> = (0..queries)
            .map(|i| {
                let request = QuicRequest::new("echo".into(), Data::from([("i".into(), Value::from(i))]));
                let (client, axon) = (self.client.clone(), self.axon.clone());
                tokio::spawn(
                    async move { (i, client.query_axon_with_timeout(axon, request, PATIENCE).await) },
                )
            })
            .collect();
        for query in asked {
            let (i, response) = query.await.map_err(|error| error.to_string())?;
            let response = response.map_err(|error| format!("query {i}: {error}"))?;
            let got = response.data.get("i");
            ensure(got == Some(&Value::from(i)), || {
                format!("query {i} was answered {got:?}")
            })?;
        }
        Ok(format!("{queries} answers"))
    }
}

/// Whom to connect to, and as whom.
struct Peer {
    port: u16,
    seed: u8,
    miner_seed: u8,
}

impl Peer {
    fn axon(&self, seed: u8) -> QuicAxonInfo {
        QuicAxonInfo::new(keys::hotkey(seed), "127.0.0.1".into(), self.port, 4)
    }

    /// A new client of the hotkey `seed` that asks for the miners `wanted`. With an empty list it connects at
    /// its first query: a refusal then reaches the caller, where connecting in advance would only log it.
    async fn connect(&self, seed: u8, wanted: &[u8]) -> Result<LightningClient, String> {
        let mut client = LightningClient::new(keys::hotkey(seed));
        client.set_signer(Box::new(Sr25519Signer::from_seed(keys::seed(seed))));
        let axons = wanted.iter().map(|seed| self.axon(*seed)).collect();
        client
            .initialize_connections(axons)
            .await
            .map_err(|error| error.to_string())?;
        Ok(client)
    }

    /// Dialled at the first query.
    async fn lazy(&self, seed: u8, wanted: u8) -> Result<Link, String> {
        let client = Arc::new(self.connect(seed, &[]).await?);
        Ok(Link {
            client,
            axon: self.axon(wanted),
        })
    }

    async fn wrong_hotkey(&self) -> Outcome {
        let link = self.lazy(self.seed, NOBODY).await?;
        refused(link.ask("echo", Data::new()).await, "Miner hotkey mismatch")
    }

    async fn two_hotkeys(&self) -> Outcome {
        let client = self.connect(self.seed, &[NOBODY, self.miner_seed]).await?;
        let known = client.authenticated_hotkeys().await;
        let expected = [keys::hotkey(self.miner_seed)].into();
        ensure(known == expected, || format!("authenticated: {known:?}"))?;
        let client = Arc::new(client);
        let (right, wrong) = (self.axon(self.miner_seed), self.axon(NOBODY));
        Link {
            client: client.clone(),
            axon: right,
        }
        .echo(Data::new())
        .await?;
        refused(
            Link { client, axon: wrong }.ask("echo", Data::new()).await,
            "no authenticated route",
        )
    }

    async fn not_admitted(&self) -> Outcome {
        let link = self.lazy(STRANGER, self.miner_seed).await?;
        refused(link.ask("echo", Data::new()).await, "Handshake rejected by miner")
    }

    async fn reconnect(&self) -> Outcome {
        let link = self.lazy(self.seed, self.miner_seed).await?;
        link.echo(Data::new()).await?;
        link.client
            .close_all_connections()
            .await
            .map_err(|error| error.to_string())?;
        link.echo(Data::from([("again".into(), true.into())])).await
    }
}

/// Cut to a line that fits a report.
fn brief(text: &str) -> String {
    text.chars().take(300).collect()
}
