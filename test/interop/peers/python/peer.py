"""The Python reference peers of Levin's interop suite and benchmark, on the published btlightning package.

    peer.py miner        --port P [--seed 01] [--handler-timeout SECS] [--admit 02,03]
    peer.py validator    --port P [--seed 02] [--miner-seed 01] [--cases a,b] [--expect-timeout] [--give-up STREAMS]
    peer.py bench-miner  --port P [--seed 01]
    peer.py bench-client --port P --size BYTES --inflight K --seconds S [--setups N] [--seed 02] [--miner-seed 01]

The same commands, case names and output lines as the Rust program beside it.
"""

import argparse
import json
import math
import resource
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from btlightning import Lightning, LightningServer, RustLightningServer

# What `levin-peer hotkey` prints: with this table no package for sr25519 is needed here.
HOTKEYS = {
    0x01: "5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH",
    0x02: "5CfCr47V5Dte6bwxNBE8K9oNnQd9fiay6aDEEkgYtFv7w4Fq",
    0x03: "5FJ4gu9eVX6DG4qYi1hxkUgu1yaTm1CnQ4MiiZPjPVaXiATo",
    0x04: "5GUEW7AH1VGD9XPqTJ7ZEbcTbLW6ZHkFJ8dAHWRMz2Q1MEuU",
    0x05: "5DeZAMjvpmKhgfoju3A2nSarhrSWDrk25vDi38UocrqVUB6z",
    0x06: "5HMmMroL5k2nR6FYVQMeK2WUZUpcycRBRswnq1zmrnvLrgpw",
    0x07: "5EsNLFaGe9XK5LzWH3i6eC2Wqv6YqZS1442N1C4yeSdP6uxy",
    0x08: "5G1FMtLgP1hVtcK8sK9fVgwsejGeqkTZj2RorXhAsKubkxjo",
    0x09: "5ETmuXSyBiDHwabzdAxmbyj1A25asAmNXm5gtzf7edxxQYaq",
    0x0A: "5FNBFaSJG2Fw641xDdK2YTKHp12jGrenjS4raLPn1aoWGyMg",
    0x0B: "5C5Z3GAFrMKr12CafiRRGgRobMPSacYAjABv7ZcVrNd46Ks1",
}
STRANGER = 0x0A  # admitted by no miner of the suite
NOBODY = 0x0B  # the hotkey of no miner of the suite
AGES = 60.0  # seconds, longer than any handler timeout a test would choose
PATIENCE = 60.0


# ---- miner


def counted(data, pause=0.0):
    """`n` chunks of `size` bytes, chunk i filled with i mod 256."""
    for i in range(data["n"]):
        if pause and i > 0:
            time.sleep(pause)
        yield bytes([i % 256]) * data["size"]


def fail(_data):
    raise RuntimeError("the secret of the handler")


def slow(data):
    time.sleep(AGES)
    return data


def half(data):
    yield from counted(data)
    raise RuntimeError("the secret of the handler")


def serve(server, port, plain, streams):
    for name, handler in plain.items():
        server.register_synapse_handler(name, handler)
    for name, handler in streams.items():
        server.register_streaming_handler(name, handler)
    server.start()
    print(f"listening {port}", flush=True)
    # The loop below never comes back to Python, so Python would never see a Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server.serve_forever()


def create(args, **options):
    """The package's own class where it will do; it has no parameter for some of the server's options."""
    kind = RustLightningServer if options else LightningServer
    server = kind(HOTKEYS[args.seed], "127.0.0.1", args.port, **options)
    server.set_miner_keypair(list(seed(args.seed)))
    return server


def run_miner(args):
    options = {}
    if args.handler_timeout is not None:
        options["handler_timeout_secs"] = args.handler_timeout
    if args.admit is not None:
        options["require_validator_permit"] = True
    server = create(args, **options)
    if args.admit is not None:
        admitted = {HOTKEYS[seed_byte(text)] for text in args.admit.split(",") if text}
        server.set_validator_permit_resolver(lambda: admitted)
    serve(
        server,
        args.port,
        {"echo": lambda data: data, "fail": fail, "slow": slow},
        {"count": counted, "stall": lambda data: counted(data, AGES), "half": half},
    )


def run_bench_miner(args):
    """Many clients of one IP connect in a benchmark: no handshake limit."""
    server = create(args, max_handshake_attempts_per_minute=1_000_000)
    serve(server, args.port, {"echo": lambda data: data}, {})


# ---- validator


class Failed(Exception):
    pass


def ensure(holds, detail):
    if not holds:
        raise Failed(detail)


def same(a, b):
    """Python says that True == 1 == 1.0, and that nan is nothing; a wire test must not."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return math.copysign(1, a) == math.copysign(1, b) and (a == b or (math.isnan(a) and math.isnan(b)))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.keys()), list(b.keys())) and same(list(a.values()), list(b.values()))
    return a == b


def values():
    """No f32: a Python float is an f64, and the binding sends it as one."""
    deep = "bottom"
    for level in range(60):
        deep = [deep] if level % 2 == 0 else {"down": deep}
    widths = [0, 1, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32]
    widths += [-1, -32, -33, -128, -129, -32768, -32769, -(2**31), -(2**31) - 1]
    return {
        "value-u64-max": 2**64 - 1,
        "value-i64-min": -(2**63),
        "value-integer-widths": widths,
        "value-above-2-53": [2**53 - 1, 2**53, 2**53 + 1, -(2**53), -(2**53) - 1, 2**63 - 1],
        "value-f64": [0.1, -1.5e300, sys.float_info.min],
        "value-f64-integral": [0.0, 1.0, -3.0, 1e18],
        "value-f64-special": [-0.0, math.inf, -math.inf, math.nan],
        "value-f64-million": [1 / (i + 3) for i in range(1_000_000)],
        "value-embeddings": [[(i * j + 0.5) / 7 for i in range(1024)] for j in range(512)],
        "value-nil": None,
        "value-bool": [True, False],
        "value-bin": bytes(range(256)),
        "value-str": ["s" * n for n in (0, 31, 32, 255, 256, 65536)],
        "value-empty": [[], {}, "", b""],
        "value-array": [1, "two", None, list(range(20))],
        "value-nested-map": {"z": 1, "a": {"deeper": [{"x": None}]}},
        "value-integer-keys": [{1: "variant"}, {300: 1, -7: 2, 2**64 - 1: 3}],
        "value-numeric-string-keys": {"10": 1, "9": 2, "0": 3},
        "value-prototype-keys": {"toString": {"valueOf": True}, "constructor": 1},
        "value-non-ascii": {"ключ-鍵-🔑": "naïve – Ω – 星 – 🛰️"},
        "value-deep": deep,
    }


class Link:
    """A client of the hotkey `seed_of_client` and the miner it asks.

    With `ahead` it connects at once, else at its first query: a refusal then reaches the caller,
    where connecting ahead would only log it.
    """

    def __init__(self, args, seed_of_client, wanted, ahead):
        self.client = connect(seed_of_client, [axon(args, one) for one in ahead])
        self.axon = axon(args, wanted)

    def ask(self, synapse, data):
        return self.client.query_axon(self.axon, {"synapse_type": synapse, "data": data}, timeout_secs=PATIENCE)

    def answer(self, synapse, data):
        response = self.ask(synapse, data)
        ensure(response["success"] and response["error"] is None, f"no success: {response['error']!r}")
        return response["data"]

    def echo(self, sent):
        got = self.answer("echo", sent)
        ensure(set(got) == set(sent), f"{len(sent)} fields became {len(got)}")
        for key, value in sent.items():
            ensure(same(got[key], value), f"{key}: {value!r} became {got[key]!r}"[:300])
        return ""

    def size(self, size):
        # Not one repeated byte: a chunk in the wrong place must show.
        period = bytes((i ^ (i >> 8)) & 255 for i in range(65536 - 15))
        payload = (period * (size // len(period) + 1))[:size]
        got = self.answer("echo", {"payload": payload}).get("payload")
        ensure(type(got) is bytes, f"{size} bytes became a {type(got).__name__}")
        ensure(got == payload, f"{size} bytes became {len(got)} others")
        return f"{size} bytes"

    def latency(self):
        start = time.perf_counter()
        response = self.ask("echo", {})
        whole = (time.perf_counter() - start) * 1e3
        ensure(0 < response["latency_ms"] <= whole, f"latency of {response['latency_ms']} ms in {whole} ms")
        return f"{response['latency_ms']:.3f} ms"

    def stream(self, synapse, n, size):
        """Reads a stream to its end; what came before a failure counts too."""
        chunks = []
        try:
            request = {"synapse_type": synapse, "data": {"n": n, "size": size}}
            for chunk in self.client.query_axon_stream(self.axon, request):
                chunks.append(chunk)
            return chunks, None
        except Exception as error:
            return chunks, str(error)

    def count(self, n, size):
        chunks, error = self.stream("count", n, size)
        ensure(error is None, error)
        ensure(len(chunks) == n, f"{n} chunks became {len(chunks)}")
        for i, (got, sent) in enumerate(zip(chunks, counted({"n": n, "size": size}))):
            ensure(got == sent, f"chunk {i} of {len(got)} bytes is not as sent")
        return f"{n * size} bytes"

    def give_up(self, streams):
        """Leaves streams in the middle of their answer, on a connection that has room for 128, and is answered all the same."""
        request = {"synapse_type": "count", "data": {"n": 100, "size": 65536}}
        begins = next(iter(counted({"n": 1, "size": 65536})))
        for i in range(streams):
            first = next(iter(self.client.query_axon_stream(self.axon, request)), None)
            ensure(first == begins, f"stream {i} began with another chunk")
        self.concurrent(200)
        return f"{streams} streams, then 200 answers"

    def plain_error(self, synapse, text):
        response = self.ask(synapse, {})
        ensure(response["success"] is False, "success")
        ensure(response["error"] == text, f"{response['error']!r}, expected: {text}")
        ensure(response["data"] == {}, f"{len(response['data'])} fields came with the error")
        return text

    def stream_error(self, synapse, n, text):
        chunks, error = self.stream(synapse, n, 100)
        expected = 1 if synapse == "stall" else n
        ensure(len(chunks) == expected, f"{len(chunks)} chunks before {error!r}")
        ensure(error == text, f"{error!r}, expected: {text}")
        return text

    def not_a_stream(self, synapse, text):
        chunks, error = self.stream(synapse, 1, 1)
        ensure(not chunks, f"{len(chunks)} chunks")
        ensure(error is not None and text in error, f"{error!r}, expected: {text}")
        return error

    def refused(self, synapse, data, text):
        try:
            self.ask(synapse, data)
        except Exception as error:
            ensure(text in str(error), f"{error}; expected: {text}")
            return str(error)
        raise Failed(f"went through, expected: {text}")

    def concurrent(self, queries):
        with ThreadPoolExecutor(queries) as pool:
            for i, data in enumerate(pool.map(lambda i: self.answer("echo", {"i": i}), range(queries))):
                ensure(data == {"i": i}, f"query {i} was answered {data!r}")
        return f"{queries} answers"


def two_hotkeys(args):
    link = Link(args, args.seed, args.miner_seed, ahead=[NOBODY, args.miner_seed])
    link.echo({})
    link.axon = axon(args, NOBODY)
    return link.refused("echo", {}, "no authenticated route")


def reconnect(args):
    link = Link(args, args.seed, args.miner_seed, ahead=[])
    link.echo({})
    link.client.close()
    return link.echo({"again": True})


def run_validator(args):
    link = Link(args, args.seed, args.miner_seed, ahead=[args.miner_seed])
    cases = {name: lambda value=value: link.echo({"v": value}) for name, value in values().items()}
    cases["value-empty-data"] = lambda: link.echo({})
    cases["value-many-fields"] = lambda: link.echo({f"field-{i}": i for i in range(1000)})
    sizes = {"0": 0, "1": 1, "1k": 1 << 10, "64k": 64 << 10, "1m": 1 << 20, "16m": 16 << 20}
    for name, size in sizes.items():
        cases[f"size-{name}"] = lambda size=size: link.size(size)
    cases["latency"] = link.latency
    cases["stream-20m"] = lambda: link.count(320, 65536)
    cases["stream-small-chunks"] = lambda: link.count(2000, 3)
    cases["stream-empty-chunks"] = lambda: link.count(5, 0)
    cases["stream-none"] = lambda: link.count(0, 1)
    unknown = "nothing-of-that-name"
    cases["error-unknown-synapse"] = lambda: link.plain_error(unknown, "unrecognized synapse type")
    cases["error-fail"] = lambda: link.plain_error("fail", "request processing failed")
    cases["error-half"] = lambda: link.stream_error("half", 3, "stream error: stream processing failed")
    mistaken = "received StreamChunk on non-streaming query"
    cases["error-stream-as-plain"] = lambda: link.refused("count", {"n": 1, "size": 1}, mistaken)
    cases["error-plain-as-stream"] = lambda: link.not_a_stream("echo", "returned SynapseResponse")
    cases["error-unknown-stream"] = lambda: link.not_a_stream(unknown, "unrecognized synapse type")
    # Only for a miner with a short handler timeout (or by name); the usual 30 s would make the suite wait.
    if args.expect_timeout or args.cases:
        cases["timeout-slow"] = lambda: link.plain_error("slow", "handler timed out")
        cases["timeout-stall"] = lambda: link.stream_error("stall", 2, "stream error: handler timed out")
    cases["concurrent-200"] = lambda: link.concurrent(200)
    if args.give_up:
        cases["streams-given-up"] = lambda: link.give_up(args.give_up)
    cases["wrong-hotkey-refused"] = lambda: Link(args, args.seed, NOBODY, []).refused("echo", {}, "hotkey mismatch")
    cases["two-hotkeys-one-address"] = lambda: two_hotkeys(args)
    cases["not-admitted-refused"] = lambda: Link(args, STRANGER, args.miner_seed, []).refused(
        "echo", {}, "Handshake rejected by miner"
    )
    cases["reconnect-after-close"] = lambda: reconnect(args)

    wanted = set(args.cases.split(",")) if args.cases else set(cases)
    strangers = wanted - set(cases)
    if strangers:
        sys.exit(f"no case is called {', '.join(sorted(strangers))}; there are {','.join(cases)}")
    failed = 0
    for name, case in cases.items():
        if name not in wanted:
            continue
        try:
            ok, detail = True, case()
        except Exception as error:
            ok, detail = False, f"{type(error).__name__}: {error}"
            failed += 1
        print(json.dumps({"case": name, "ok": ok, "detail": detail}, ensure_ascii=False), flush=True)
    return 1 if failed else 0


# ---- benchmark


def run_bench_client(args):
    """K threads over one client, each with one query in flight: the calls block, so this is how K are kept in
    flight with this package. The client itself runs on the threads of its Rust runtime and lets go of the
    interpreter while it waits."""
    target = axon(args, args.miner_seed)
    payload = b"\x5a" * args.size

    def ask(client):
        response = client.query_axon(target, {"synapse_type": "echo", "data": {"payload": payload}})
        if not response["success"] or len(response["data"]["payload"]) != args.size:
            raise RuntimeError(f"the echo failed: {response['error']!r}")

    setups = []
    for _ in range(args.setups):
        start = time.perf_counter()
        client = connect(args.seed, [target])
        ask(client)
        setups.append(time.perf_counter() - start)
        client.close()

    client = connect(args.seed, [target])
    ask(client)
    opens = time.perf_counter() + 0.3  # not measured: connections, caches and windows get warm
    closes = opens + args.seconds
    took, errors = [], []

    def work():
        mine = []
        try:
            while (start := time.perf_counter()) < closes:
                ask(client)
                end = time.perf_counter()
                # Whatever is answered in the window counts: with big payloads the first ones began before it.
                if opens <= end <= closes:
                    mine.append(end - start)
        except Exception as error:
            errors.append(error)
        took.extend(mine)

    workers = [threading.Thread(target=work) for _ in range(args.inflight)]
    for worker in workers:
        worker.start()
    time.sleep(max(0.0, opens - time.perf_counter()))
    cpu_before = own_cpu()
    time.sleep(max(0.0, closes - time.perf_counter()))
    cpu = own_cpu() - cpu_before
    for worker in workers:
        worker.join()
    client.close()
    if errors:
        raise errors[0]
    took.sort()
    print(
        json.dumps(
            {
                "rps": round(len(took) / args.seconds, 3),
                "p50Ms": quantile(took, 0.5),
                "p99Ms": quantile(took, 0.99),
                "setupMs": quantile(sorted(setups), 0.5),
                "cpuUs": round(cpu * 1e6 / max(1, len(took)), 3),
                "requests": len(took),
                "frameBytes": frame_bytes(args.size),
            }
        )
    )


def own_cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def quantile(ordered, share):
    return round(ordered[round((len(ordered) - 1) * share)] * 1e3, 3) if ordered else None


def frame_bytes(size):
    """The package does not show its frames, so this counts them: header, array of three, 'echo', a map with one
    entry, 'payload', the payload behind its own header, the time as uint32."""
    binary = 2 if size < 1 << 8 else 3 if size < 1 << 16 else 5
    return 5 + 1 + 5 + 1 + 8 + binary + size + 5


# ---- common


def seed(byte):
    return bytes([byte]) * 32


def seed_byte(text):
    byte = int(text, 16)
    if byte not in HOTKEYS:
        raise argparse.ArgumentTypeError(f"{text}: the known seeds are 01 to 0b")
    return byte


def axon(args, seed_of_miner):
    return {"hotkey": HOTKEYS[seed_of_miner], "ip": "127.0.0.1", "port": args.port}


def connect(seed_of_client, axons):
    client = Lightning(HOTKEYS[seed_of_client])
    client.set_validator_keypair(seed(seed_of_client))
    client.initialize_connections(axons)
    return client


def free_port():
    """The package does not tell which port the system chose."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def parse():
    parser = argparse.ArgumentParser(description="Reference peers on the btlightning package")
    commands = parser.add_subparsers(dest="command", required=True)
    runs = {
        "miner": run_miner,
        "validator": run_validator,
        "bench-miner": run_bench_miner,
        "bench-client": run_bench_client,
    }
    for name, run in runs.items():
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--port", type=int, required=True)
        command.add_argument("--seed", type=seed_byte, default=0x01 if is_miner(name) else 0x02)
        if not is_miner(name):
            command.add_argument("--miner-seed", type=seed_byte, default=0x01)
        if name == "miner":
            command.add_argument("--handler-timeout", type=int)
            command.add_argument("--admit")
        if name == "validator":
            command.add_argument("--cases")
            command.add_argument("--expect-timeout", action="store_true")
            command.add_argument("--give-up", type=int, default=0)
        if name == "bench-client":
            command.add_argument("--size", type=int, default=1024)
            command.add_argument("--inflight", type=int, default=1)
            command.add_argument("--seconds", type=float, default=2.0)
            command.add_argument("--setups", type=int, default=0)
    args = parser.parse_args()
    if args.port == 0 and is_miner(args.command):
        args.port = free_port()
    return args


def is_miner(command):
    return command.endswith("miner")


if __name__ == "__main__":
    arguments = parse()
    sys.exit(arguments.run(arguments))
