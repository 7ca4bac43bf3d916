"""An unmodified axon with a handler of each kind that the suite asks."""

import asyncio
import json
import threading
from typing import Tuple

from loopback import MINER, bt, keypair, serve
from synapses import Ask, Slow, Story, Value

UNWANTED = keypair(3).ss58_address


async def ask(synapse: Ask) -> Ask:
    if synapse.city == "boom":
        raise RuntimeError("these words must never reach the peer")
    synapse.answer = f"hi {synapse.city}"
    return synapse


async def blacklist(synapse: Ask) -> Tuple[bool, str]:
    return synapse.dendrite.hotkey == UNWANTED, "not you"


async def priority(synapse: Ask) -> float:
    return 1.0


async def slow(synapse: Slow) -> Slow:
    await asyncio.sleep(synapse.seconds)
    return synapse


async def value(synapse: Value) -> Value:
    synapse.same = synapse.value
    return synapse


def story(synapse: Story) -> bt.StreamingSynapse.BTStreamingResponse:
    async def tell(send):
        for number in range(synapse.pieces):
            if number > 0:
                await asyncio.sleep(synapse.pause)
            body = f"piece {number}, ".encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})

    return synapse.create_streaming_response(tell)


def attach(axon):
    axon.attach(forward_fn=ask, blacklist_fn=blacklist, priority_fn=priority)
    axon.attach(forward_fn=slow)
    axon.attach(forward_fn=value)
    axon.attach(forward_fn=story)


def run_axons(args):
    axons = [serve(MINER if number == 0 else numbered(number), 0, attach) for number in range(args.count)]
    print(json.dumps([{"port": axon.port, "hotkey": axon.wallet.hotkey.ss58_address} for axon in axons]), flush=True)
    threading.Event().wait()


def numbered(number):
    return bt.Keypair.create_from_seed(f"0x{number:064x}")
