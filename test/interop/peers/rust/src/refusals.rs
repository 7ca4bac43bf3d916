//! What a miner has to refuse, and with which words. Every case checks the answer field by field.
//!
//! A whole run makes twenty handshakes: a reference miner admits 30 a minute from one IP, refused ones included.
//! The miner must admit `--seed` and no 0x0a.

use crate::args::Args;
use crate::bench::unix_now;
use crate::cases::{ensure, Cases, Outcome};
use crate::hostile::{decode, nonce, pack, sign, Wire, ALPN, FRAME_LIMIT};
use crate::keys;
use btlightning::{HandshakeRequest, MessageType, SynapsePacket};
use quinn::ConnectionError;
use rmpv::Value;
use std::process::ExitCode;
use std::time::Duration;

const STRANGER: u8 = 0x0a;

const CASES: [&str; 32] = [
    "wrong-alpn",
    "limit-unidirectional-streams",
    "limit-bidirectional-streams",
    "handshake-bad-signature",
    "handshake-signature-length",
    "handshake-bad-hotkey",
    "handshake-expired",
    "handshake-future",
    "handshake-old-accepted",
    "handshake-ahead-accepted",
    "handshake-malformed-payload",
    "handshake-nonce-short",
    "handshake-nonce-not-hex",
    "handshake-nonce-replayed",
    "handshake-wrong-fingerprint",
    "handshake-not-admitted",
    "handshake-after-refusal",
    "handshake-as-map",
    "handshake-replaced",
    "unauthenticated-synapse",
    "unauthenticated-unknown-synapse",
    "unauthenticated-stream",
    "synapse-answered",
    "synapse-malformed",
    "synapse-unknown",
    "synapse-as-map",
    "synapse-handler-error",
    "frame-unknown-type",
    "frame-of-the-server",
    "frame-oversize",
    "frame-truncated",
    "frame-header-truncated",
];

/// Makes a request of the hotkey of this seed in which something is wrong.
type Alter = fn(&Wire, u8) -> HandshakeRequest;

pub async fn run(args: &Args) -> Result<ExitCode, String> {
    let miner = Miner {
        port: args.port()?,
        seed: args.seed("seed", 2)?,
        miner_seed: args.seed("miner-seed", 1)?,
    };
    let mut cases = Cases::choose(args, &CASES)?;
    let now = unix_now;

    cases.run("wrong-alpn", miner.wrong_alpn()).await;
    cases
        .run("limit-unidirectional-streams", miner.unidirectional())
        .await;
    cases
        .run("limit-bidirectional-streams", miner.bidirectional())
        .await;

    let seed = miner.seed;
    // Refused: the same answer to each of them.
    let altered: [(&str, Alter); 9] = [
        ("handshake-bad-signature", |wire, seed| HandshakeRequest {
            signature: sign(seed, "handshake:of:something:else"),
            ..wire.request(seed)
        }),
        ("handshake-signature-length", |wire, seed| HandshakeRequest {
            signature: "AAAA".into(),
            ..wire.request(seed)
        }),
        ("handshake-bad-hotkey", |wire, seed| HandshakeRequest {
            validator_hotkey: keys::hotkey(seed).replace('5', "6"),
            ..wire.request(seed)
        }),
        ("handshake-expired", |wire, seed| {
            wire.request_at(seed, unix_now() - 301)
        }),
        // 61 s is the first second over the limit; the clock may move on before the miner looks.
        ("handshake-future", |wire, seed| {
            wire.request_at(seed, unix_now() + 63)
        }),
        ("handshake-nonce-short", |wire, seed| {
            wire.request_with(seed, unix_now(), nonce()[1..].into(), &wire.fingerprint)
        }),
        ("handshake-nonce-not-hex", |wire, seed| {
            wire.request_with(seed, unix_now(), format!("{}g", &nonce()[1..]), &wire.fingerprint)
        }),
        ("handshake-wrong-fingerprint", |wire, seed| {
            let other = crate::hostile::fingerprint(b"the certificate of somebody else");
            wire.request_with(seed, unix_now(), nonce(), &other)
        }),
        ("handshake-not-admitted", |wire, _| wire.request(STRANGER)),
    ];
    for (name, alter) in altered {
        cases.run(name, miner.refuses(alter)).await;
    }
    cases
        .run("handshake-malformed-payload", miner.malformed_handshake())
        .await;
    cases
        .run("handshake-old-accepted", miner.accepts_at(now() - 295))
        .await;
    cases
        .run("handshake-ahead-accepted", miner.accepts_at(now() + 55))
        .await;
    cases.run("handshake-nonce-replayed", miner.replayed()).await;
    cases.run("handshake-after-refusal", miner.after_refusal()).await;
    cases.run("handshake-as-map", miner.handshake_as_map()).await;
    cases.run("handshake-replaced", miner.replaced()).await;

    cases
        .run("unauthenticated-synapse", miner.unauthenticated("echo"))
        .await;
    cases
        .run(
            "unauthenticated-unknown-synapse",
            miner.unauthenticated("nothing-of-that-name"),
        )
        .await;
    cases
        .run("unauthenticated-stream", miner.unauthenticated_stream())
        .await;

    // From here on one connection is enough: none of this may cost it its life.
    let needs_it = |name: &&str| name.starts_with("synapse-") || name.starts_with("frame-");
    if !CASES
        .iter()
        .filter(|name| needs_it(name))
        .any(|name| cases.wants(name))
    {
        return Ok(cases.verdict());
    }
    let wire = miner.connect().await?;
    wire.authenticate(&wire.request(seed), seed, miner.miner_seed)
        .await?;
    cases.run("synapse-answered", still_answers(&wire)).await;
    cases.run("synapse-malformed", malformed_synapse(&wire)).await;
    cases
        .run(
            "synapse-unknown",
            synapse_error(&wire, "nothing-of-that-name", "unrecognized synapse type"),
        )
        .await;
    cases.run("synapse-as-map", synapse_as_map(&wire)).await;
    cases
        .run(
            "synapse-handler-error",
            synapse_error(&wire, "fail", "request processing failed"),
        )
        .await;
    let oversize = [
        &[MessageType::SynapsePacket as u8][..],
        &(FRAME_LIMIT + 1).to_be_bytes(),
    ]
    .concat();
    let truncated = [&[MessageType::SynapsePacket as u8, 0, 0, 0, 100][..], &[0x93; 10]].concat();
    // Its payload would be a good request: only the type decides.
    let strange = [&[0x7f][..], &frame_of(&echo())?[1..]].concat();
    let servers = [
        &[MessageType::SynapseResponse as u8][..],
        &frame_of(&echo())?[1..],
    ]
    .concat();
    cases
        .run("frame-unknown-type", no_answer(&wire, &strange, true))
        .await;
    cases
        .run("frame-of-the-server", no_answer(&wire, &servers, true))
        .await;
    cases
        .run("frame-oversize", no_answer(&wire, &oversize, false))
        .await;
    cases
        .run("frame-truncated", no_answer(&wire, &truncated, true))
        .await;
    cases
        .run("frame-header-truncated", no_answer(&wire, &truncated[..3], true))
        .await;
    Ok(cases.verdict())
}

struct Miner {
    port: u16,
    seed: u8,
    miner_seed: u8,
}

impl Miner {
    async fn connect(&self) -> Result<Wire, String> {
        Wire::connect(self.port, ALPN).await
    }

    /// 120 is the alert no_application_protocol.
    async fn wrong_alpn(&self) -> Outcome {
        crate::cases::refused(Wire::connect(self.port, b"h3").await.map(drop), "error 120")
    }

    async fn unidirectional(&self) -> Outcome {
        let wire = self.connect().await?;
        let opened = tokio::time::timeout(Duration::from_millis(300), wire.connection.open_uni()).await;
        ensure(opened.is_err(), || {
            "a unidirectional stream could be opened".into()
        })?;
        Ok(String::new())
    }

    async fn bidirectional(&self) -> Outcome {
        let wire = self.connect().await?;
        let mut streams = Vec::new();
        // Nothing is written to them: this only reads what the miner granted.
        while let Ok(opened) =
            tokio::time::timeout(Duration::from_millis(300), wire.connection.open_bi()).await
        {
            streams.push(opened.map_err(|error| error.to_string())?);
            ensure(streams.len() <= 128, || {
                "more than 128 streams could be opened".into()
            })?;
        }
        ensure(streams.len() == 128, || {
            format!("{} streams could be opened", streams.len())
        })?;
        Ok("128".into())
    }

    async fn refuses(&self, alter: Alter) -> Outcome {
        let wire = self.connect().await?;
        let answer = wire.handshake(&pack(&alter(&wire, self.seed))?).await?;
        check_refused(&answer, &keys::hotkey(self.miner_seed))?;
        self.still_a_stranger(&wire).await
    }

    async fn malformed_handshake(&self) -> Outcome {
        let wire = self.connect().await?;
        let three_fields = pack(&(keys::hotkey(self.seed), unix_now(), nonce()))?;
        // Refused before it is known who answers whom.
        check_refused(&wire.handshake(&three_fields).await?, "")?;
        self.still_a_stranger(&wire).await
    }

    /// A refusal must leave the connection open, and unauthenticated.
    async fn still_a_stranger(&self, wire: &Wire) -> Outcome {
        let answer = synapse(wire, &echo()).await?;
        check_synapse_error(&answer, "authentication failed")
    }

    async fn accepts_at(&self, timestamp: u64) -> Outcome {
        let wire = self.connect().await?;
        wire.authenticate(&wire.request_at(self.seed, timestamp), self.seed, self.miner_seed)
            .await?;
        still_answers(&wire).await
    }

    async fn replayed(&self) -> Outcome {
        let wire = self.connect().await?;
        let request = wire.request(self.seed);
        wire.authenticate(&request, self.seed, self.miner_seed).await?;
        let answer = wire.handshake(&pack(&request)?).await?;
        check_refused(&answer, &keys::hotkey(self.miner_seed))?;
        // The first handshake still holds.
        still_answers(&wire).await
    }

    /// The same connection, and even the same nonce: it counts as used only once its signature was good.
    async fn after_refusal(&self) -> Outcome {
        let wire = self.connect().await?;
        let good = wire.request(self.seed);
        let bad = HandshakeRequest {
            signature: sign(self.seed, "handshake:of:something:else"),
            ..good.clone()
        };
        check_refused(
            &wire.handshake(&pack(&bad)?).await?,
            &keys::hotkey(self.miner_seed),
        )?;
        wire.authenticate(&good, self.seed, self.miner_seed).await?;
        still_answers(&wire).await
    }

    async fn handshake_as_map(&self) -> Outcome {
        let wire = self.connect().await?;
        let request = wire.request(self.seed);
        let map = Value::Map(vec![
            // Not in the order of the fields.
            ("nonce".into(), request.nonce.clone().into()),
            ("signature".into(), request.signature.clone().into()),
            ("validator_hotkey".into(), request.validator_hotkey.clone().into()),
            ("timestamp".into(), request.timestamp.into()),
        ]);
        let answer = wire.handshake(&pack(&map)?).await?;
        wire.check_accepted(&answer, &request, self.seed, self.miner_seed)?;
        still_answers(&wire).await
    }

    async fn replaced(&self) -> Outcome {
        let (first, second) = (self.connect().await?, self.connect().await?);
        first
            .authenticate(&first.request(self.seed), self.seed, self.miner_seed)
            .await?;
        second
            .authenticate(&second.request(self.seed), self.seed, self.miner_seed)
            .await?;
        let closed = tokio::time::timeout(Duration::from_secs(5), first.connection.closed()).await;
        match closed.map_err(|_| "the earlier connection is still open")? {
            ConnectionError::ApplicationClosed(close)
                if close.error_code == 0u32.into() && close.reason.as_ref() == b"replaced" => {}
            other => return Err(format!("the earlier connection ended with: {other}")),
        }
        still_answers(&second).await
    }

    async fn unauthenticated(&self, name: &str) -> Outcome {
        let wire = self.connect().await?;
        check_synapse_error(&synapse(&wire, &packet(name)).await?, "authentication failed")
    }

    async fn unauthenticated_stream(&self) -> Outcome {
        let wire = self.connect().await?;
        let payload = pack(&packet("count"))?;
        let (kind, answer) = wire.exchange(MessageType::SynapsePacket, &payload).await?;
        ensure(kind == MessageType::StreamEnd, || {
            format!("answered with {kind:?}")
        })?;
        let expected = Value::Array(vec![false.into(), "authentication failed".into()]);
        let got = decode(&answer)?;
        ensure(got == expected, || format!("{got}, expected: {expected}"))?;
        Ok(got.to_string())
    }
}

fn packet(synapse: &str) -> SynapsePacket {
    let data = [("n", Value::from(1)), ("size", Value::from(1))];
    SynapsePacket {
        synapse_type: synapse.into(),
        data: data.map(|(key, value)| (key.to_string(), value)).into(),
        timestamp: unix_now(),
    }
}

fn echo() -> SynapsePacket {
    packet("echo")
}

fn frame_of(packet: &SynapsePacket) -> Result<Vec<u8>, String> {
    let payload = pack(packet)?;
    Ok([
        &[MessageType::SynapsePacket as u8][..],
        &(payload.len() as u32).to_be_bytes(),
        &payload,
    ]
    .concat())
}

async fn synapse(wire: &Wire, request: &impl serde::Serialize) -> Result<Value, String> {
    synapse_bytes(wire, &pack(request)?).await
}

async fn synapse_bytes(wire: &Wire, payload: &[u8]) -> Result<Value, String> {
    let (kind, answer) = wire.exchange(MessageType::SynapsePacket, payload).await?;
    ensure(kind == MessageType::SynapseResponse, || {
        format!("answered with {kind:?}")
    })?;
    decode(&answer)
}

async fn still_answers(wire: &Wire) -> Outcome {
    let answer = synapse(wire, &echo()).await?;
    let fields = answer.as_array().map(Vec::as_slice);
    match fields {
        Some([Value::Boolean(true), Value::Map(data), at, Value::Nil]) if data.len() == 2 && recent(at) => {
            Ok(String::new())
        }
        _ => Err(format!("echo was answered {answer}")),
    }
}

async fn synapse_error(wire: &Wire, name: &str, text: &str) -> Outcome {
    check_synapse_error(&synapse(wire, &packet(name)).await?, text)
}

async fn synapse_as_map(wire: &Wire) -> Outcome {
    let map = Value::Map(vec![
        (
            "data".into(),
            Value::Map(vec![("a".into(), 1.into()), ("b".into(), 2.into())]),
        ),
        ("timestamp".into(), unix_now().into()),
        ("synapse_type".into(), "echo".into()),
    ]);
    let answer = synapse(wire, &map).await?;
    match answer.as_array().map(Vec::as_slice) {
        Some([Value::Boolean(true), Value::Map(data), _, Value::Nil]) if data.len() == 2 => {
            Ok(answer.to_string())
        }
        _ => Err(format!("answered {answer}")),
    }
}

async fn malformed_synapse(wire: &Wire) -> Outcome {
    let integer_key = Value::Map(vec![(1.into(), 2.into())]);
    let payloads = [
        vec![],
        vec![0xc1],
        pack(&"echo")?,
        pack(&("echo",))?,
        pack(&(7, Value::Map(vec![]), unix_now()))?,
        pack(&("echo", "data", unix_now()))?,
        pack(&("echo", Value::Map(vec![]), "now"))?,
        pack(&("echo", integer_key, unix_now()))?,
        // A string of 4 GB is announced and does not come.
        vec![0x93, 0xdb, 0xff, 0xff, 0xff, 0xff],
    ];
    for payload in &payloads {
        let answer = synapse_bytes(wire, payload)
            .await
            .map_err(|error| format!("{payload:02x?}: {error}"))?;
        check_synapse_error(&answer, "invalid request format")
            .map_err(|error| format!("{payload:02x?}: {error}"))?;
    }
    Ok(format!("{} kinds", payloads.len()))
}

/// The stream ends without a word, and the connection goes on.
async fn no_answer(wire: &Wire, bytes: &[u8], finish: bool) -> Outcome {
    let said = wire.raw(bytes, finish).await?;
    ensure(said.is_empty(), || format!("answered {said:02x?}"))?;
    still_answers(wire).await
}

fn recent(timestamp: &Value) -> bool {
    timestamp.as_u64().is_some_and(|at| at.abs_diff(unix_now()) < 10)
}

fn check_refused(answer: &Value, miner_hotkey: &str) -> Outcome {
    match answer.as_array().map(Vec::as_slice) {
        Some(
            [Value::String(miner), at, Value::String(signature), Value::Boolean(false), Value::String(id), Value::Nil],
        ) if miner.as_str() == Some(miner_hotkey)
            && recent(at)
            && signature.as_str() == Some("")
            && id.as_str() == Some("") =>
        {
            Ok(answer.to_string())
        }
        _ => Err(format!("answered {answer}")),
    }
}

fn check_synapse_error(answer: &Value, text: &str) -> Outcome {
    match answer.as_array().map(Vec::as_slice) {
        Some([Value::Boolean(false), Value::Map(data), at, Value::String(error)])
            if data.is_empty() && recent(at) && error.as_str() == Some(text) =>
        {
            Ok(answer.to_string())
        }
        _ => Err(format!("answered {answer}, expected: {text}")),
    }
}
