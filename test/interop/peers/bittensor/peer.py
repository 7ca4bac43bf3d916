"""Bittensor's own axon and dendrite in Levin's benchmark: JSON over HTTP, as most subnets still speak.

    peer.py bench-miner  --port P
    peer.py bench-client --port P --size BYTES --inflight K --seconds S [--setups N]

The same commands and output lines as the programs beside it. Everything stays on the loopback: no chain is asked and no
wallet is read or written.
"""

import argparse
import asyncio
import base64
import json
import os
import resource
import socket
import sys
import threading
import time
from types import SimpleNamespace

# Else the package makes folders in the home of whoever imports it.
os.environ["READ_ONLY"] = "1"
import bittensor as bt  # noqa: E402
from bittensor.utils import networking  # noqa: E402

# A dendrite asks public services for this address when it is made. This one is for documentation (RFC 5737).
networking.get_external_ip = lambda: "192.0.2.1"

MINER = bt.Keypair.create_from_seed("0x" + "01" * 32)
VALIDATOR = bt.Keypair.create_from_seed("0x" + "02" * 32)
PATIENCE = 30.0
WARM_UP = 0.3  # seconds, as the peers beside it


class Echo(bt.Synapse):
    """JSON has no bytes: subnets send them as base64."""

    payload: str


def run_miner(args):
    def echo(synapse: Echo) -> Echo:
        return synapse

    port = args.port or free_port()
    # All that an axon reads of a wallet.
    wallet = SimpleNamespace(hotkey=MINER, coldkeypub=MINER)
    axon = bt.Axon(wallet=wallet, port=port, external_ip="127.0.0.1")
    axon.fast_config.host = "127.0.0.1"  # an axon listens on every address, and has no option for that
    axon.attach(forward_fn=echo)
    axon.start()
    while not axon.fast_server.started:
        time.sleep(0.01)
    print(f"listening {port}", flush=True)
    threading.Event().wait()


async def run_client(args):
    target = bt.AxonInfo(
        version=1,
        ip="127.0.0.1",
        port=args.port,
        ip_type=4,
        hotkey=MINER.ss58_address,
        coldkey=MINER.ss58_address,
    )
    payload = b"\x5a" * args.size

    async def ask(dendrite):
        request = Echo(payload=base64.b64encode(payload).decode())
        answer = await dendrite.forward(target, request, timeout=PATIENCE, deserialize=False)
        if not answer.is_success or len(base64.b64decode(answer.payload)) != args.size:
            raise RuntimeError(f"the echo failed: {answer.dendrite.status_code} {answer.dendrite.status_message}")

    setups = []
    for _ in range(args.setups):
        start = time.perf_counter()
        dendrite = bt.Dendrite(VALIDATOR)
        await ask(dendrite)
        setups.append(time.perf_counter() - start)
        await dendrite.aclose_session()

    # One each: an axon refuses a request that is older than the last one of the same dendrite, and requests that run
    # side by side overtake each other.
    dendrites = [bt.Dendrite(VALIDATOR) for _ in range(args.inflight)]
    await asyncio.gather(*map(ask, dendrites))
    opens = time.perf_counter() + WARM_UP
    closes = opens + args.seconds
    took = []

    async def work(dendrite):
        while (start := time.perf_counter()) < closes:
            await ask(dendrite)
            end = time.perf_counter()
            if opens <= end <= closes:
                took.append(end - start)

    async def cpu_used():
        await asyncio.sleep(opens - time.perf_counter())
        before = own_cpu()
        await asyncio.sleep(closes - time.perf_counter())
        return own_cpu() - before

    cpu, *_ = await asyncio.gather(cpu_used(), *map(work, dendrites))
    for dendrite in dendrites:
        await dendrite.aclose_session()
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
                "frameBytes": request_bytes(target, payload),
            }
        )
    )


def own_cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def quantile(ordered, share):
    return round(ordered[round((len(ordered) - 1) * share)] * 1e3, 3) if ordered else None


def request_bytes(target, payload):
    """The body, and the headers that the dendrite puts beside it."""
    request = Echo(payload=base64.b64encode(payload).decode())
    bt.Dendrite(VALIDATOR).preprocess_synapse_for_request(target, request)
    headers = sum(len(f"{name}: {value}\r\n") for name, value in request.to_headers().items())
    return headers + len(json.dumps(request.model_dump()))


def free_port():
    """An axon does not tell which port the system chose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def parse():
    parser = argparse.ArgumentParser(description="Bittensor's axon and dendrite in Levin's benchmark")
    commands = parser.add_subparsers(dest="command", required=True)
    miner = commands.add_parser("bench-miner")
    miner.set_defaults(run=run_miner)
    client = commands.add_parser("bench-client")
    client.set_defaults(run=lambda args: asyncio.run(run_client(args)))
    for command in (miner, client):
        command.add_argument("--port", type=int, required=True)
    client.add_argument("--size", type=int, default=1024)
    client.add_argument("--inflight", type=int, default=1)
    client.add_argument("--seconds", type=float, default=2.0)
    client.add_argument("--setups", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse()
    sys.exit(arguments.run(arguments))
