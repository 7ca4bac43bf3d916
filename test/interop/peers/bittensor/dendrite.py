"""An unmodified dendrite that does what it is told, and tells what it saw of an answer.

A command names a case: `ask` is a request as any dendrite sends it, the others are one that somebody has tampered with.
"""

import asyncio
import contextlib
import json
import sys
import time

import aiohttp
import synapses
from loopback import VALIDATOR, bt, info, keypair

NEVER_SIGNED = "0x" + "11" * 64
MINUTE_NS = 60 * 10**9


class Seen:
    """The last answer as it came, noted by aiohttp beside the dendrite's own reading."""

    def __init__(self):
        self.answer = None
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._note)
        self._trace = trace

    async def _note(self, _session, _context, params):
        response = params.response
        headers = [[key.decode(), value.decode()] for key, value in response.raw_headers]
        self.answer = {"status": response.status, "headers": headers, "response": response}

    async def take(self):
        if self.answer is None:
            return None
        body = self.answer.pop("response")._body  # what `response.json()` read; nothing is there of a stream
        return {**self.answer, "body": None if body is None else body.decode()}

    def session(self):
        return aiohttp.ClientSession(trace_configs=[self._trace])


class LateNonce(bt.Dendrite):
    """Signs with the clock of a minute ago."""

    def preprocess_synapse_for_request(self, target_axon_info, synapse, timeout=12.0):
        synapse = super().preprocess_synapse_for_request(target_axon_info, synapse, timeout)
        synapse.dendrite.nonce = synapse.dendrite.nonce - MINUTE_NS
        synapse.dendrite.signature = f"0x{self.keypair.sign(signed(synapse)).hex()}"
        return synapse


class BadSignature(bt.Dendrite):
    def preprocess_synapse_for_request(self, target_axon_info, synapse, timeout=12.0):
        synapse = super().preprocess_synapse_for_request(target_axon_info, synapse, timeout)
        synapse.dendrite.signature = NEVER_SIGNED
        return synapse


def signed(synapse):
    dendrite = synapse.dendrite
    return f"{dendrite.nonce}.{dendrite.hotkey}.{synapse.axon.hotkey}.{dendrite.uuid}.{synapse.body_hash}"


@contextlib.asynccontextmanager
async def noting(kind, hotkey):
    """A dendrite of this kind, and what it sees."""
    dendrite = kind(hotkey)
    seen = Seen()
    dendrite._session = seen.session()
    try:
        yield dendrite, seen
    finally:
        await dendrite.aclose_session()


async def ask(command, kind=bt.Dendrite):
    synapse = made(command)
    async with noting(kind, keypair(command.get("seed", 2))) as (dendrite, seen):
        started = time.perf_counter()
        answer = await dendrite.forward(target(command), synapse, timeout=timeout(command), deserialize=False)
        return {**told(answer), "seconds": time.perf_counter() - started, "http": await seen.take()}


async def stream(command):
    pieces = []
    async with noting(bt.Dendrite, VALIDATOR) as (dendrite, seen):
        answer = await dendrite.forward(
            target(command), made(command), timeout=timeout(command), deserialize=False, streaming=True
        )
        async for piece in answer:
            pieces.append(piece)
        # The last of them is the filled-in synapse.
        return {**told(pieces.pop()), "pieces": pieces, "http": await seen.take()}


async def many(command):
    """So many requests at once: of one dendrite (`shared`), else each of its own."""
    count = command["count"]
    kinds = 1 if command.get("shared") else count
    dendrites = [bt.Dendrite(VALIDATOR) for _ in range(kinds)]
    started = time.perf_counter()
    answers = await asyncio.gather(
        *(
            dendrites[number % kinds].forward(
                target(command), made(command), timeout=timeout(command), deserialize=False
            )
            for number in range(count)
        )
    )
    seconds = time.perf_counter() - started
    for dendrite in dendrites:
        await dendrite.aclose_session()
    return {"answers": [told(answer) for answer in answers], "seconds": seconds}


async def raw(command):
    """What a dendrite would send, changed by the command, and its answer read as a dendrite reads it."""
    async with noting(bt.Dendrite, VALIDATOR) as (dendrite, seen):
        synapse = dendrite.preprocess_synapse_for_request(target(command), made(command), timeout(command))
        headers = synapse.to_headers()
        body = {**synapse.model_dump(), **command.get("changed", {})}
        text = command.get("text", json.dumps(body))
        if command.get("headers") == "none":
            headers = {}
        url = f"http://127.0.0.1:{command['port']}/{command['synapse']}"
        for _ in range(command.get("times", 1)):
            async with dendrite._session.post(
                url, headers={**headers, "Content-Type": "application/json"}, data=text.encode()
            ) as response:
                answer = await response.json()
                # It cannot read every answer of an axon itself: one says that the timeout is "None".
                with contextlib.suppress(ValueError):
                    dendrite.process_server_response(response, answer, synapse)
        return {**told(synapse), "http": await seen.take()}


CASES = {
    "ask": ask,
    "late nonce": lambda command: ask(command, LateNonce),
    "bad signature": lambda command: ask(command, BadSignature),
    "stream": stream,
    "many": many,
    "raw": raw,
}


def target(command):
    return info(command["port"], command["hotkey"]) if "hotkey" in command else info(command["port"])


def made(command):
    return getattr(synapses, command["synapse"])(**command.get("fields", {}))


def timeout(command):
    return command.get("timeout", 12.0)


def told(answer):
    """What a validator reads of it."""
    flags = ["is_success", "is_failure", "is_timeout", "is_blacklist", "failed_verification"]
    return {
        "statusCode": answer.dendrite.status_code,
        "statusMessage": answer.dendrite.status_message,
        "flags": [flag for flag in flags if getattr(answer, flag)],
        "synapse": json.loads(answer.model_dump_json()),
    }


async def run_dendrite():
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        try:
            answer = {"told": await CASES[command.pop("case")](command)}
        except Exception as error:  # a test that fails because of it must read what it was
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
