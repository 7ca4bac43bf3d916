"""The benchmark's echo, by an axon and dendrites."""

import asyncio
import base64
import json
import resource
import threading
import time

from loopback import MINER, VALIDATOR, bt, info, serve

PATIENCE = 30.0
WARM_UP = 0.3  # seconds, as the peers beside it


class Echo(bt.Synapse):
    """JSON has no bytes: subnets send them as base64."""

    payload: str


def run_miner(args):
    def echo(synapse: Echo) -> Echo:
        return synapse

    axon = serve(MINER, args.port, lambda axon: axon.attach(forward_fn=echo))
    print(f"listening {axon.port}", flush=True)
    threading.Event().wait()


async def run_client(args):
    target = info(args.port)
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
