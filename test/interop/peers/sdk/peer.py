"""Bittensor's Python SDK as a client of a node, and as either end of requests that `http_auth` signs.

    peer.py read  --endpoint URL --netuid N
    peer.py serve --endpoint URL --netuid N --seed 01 --ip ADDRESS --port P
    peer.py btauth-client
    peer.py btauth-server

`read` and `serve` print one line of JSON, in it each integer as text, which keeps it whole. A seed is one byte in hex,
repeated 32 times. Only the given endpoint is asked. The other two are told about in btauth.py.
"""

import argparse
import asyncio
import json
import sys
from os import environ
from tempfile import TemporaryDirectory

# Else the package keeps files in the home of whoever imports it. This one is gone with the program.
home = TemporaryDirectory(prefix="levin-sdk-")
environ["HOME"] = home.name
import bittensor as bt  # noqa: E402
from bittensor._generated.runtime_apis import SubnetInfoRuntimeApi  # noqa: E402
from bittensor.intents import ServeAxon  # noqa: E402
from bittensor.sp_core import Keypair  # noqa: E402
from btauth import run_client, run_server  # noqa: E402


def connect(args):
    """Without the public endpoints that it would fall back to."""
    return bt.Client(args.endpoint, fallback_endpoints=[], archive_endpoints=[])


async def read(args):
    async with connect(args) as client:
        neurons = await client.neurons.all(args.netuid)
        state = await client.runtime(SubnetInfoRuntimeApi.get_subnet_state, [args.netuid])
    return {"neurons": [neuron.raw for neuron in neurons], "state": state}


async def serve(args):
    hotkey = Keypair.create_from_seed(bytes.fromhex(args.seed * 32))
    intent = ServeAxon(netuid=args.netuid, ip=args.ip, port=args.port)
    async with connect(args) as client:
        result = await client.execute(intent, hotkey)
    return {"hotkey": hotkey.ss58_address, "success": result.success, "message": result.message}


def report(work):
    json.dump(plain(asyncio.run(work)), sys.stdout)
    print()


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value) if type(value) is int else value


def parse():
    parser = argparse.ArgumentParser(description="Bittensor's Python SDK in Levin's interop suite")
    commands = parser.add_subparsers(dest="command", required=True)
    reader = commands.add_parser("read")
    reader.set_defaults(run=lambda args: report(read(args)))
    server = commands.add_parser("serve")
    server.set_defaults(run=lambda args: report(serve(args)))
    for command in (reader, server):
        command.add_argument("--endpoint", required=True)
        command.add_argument("--netuid", type=int, required=True)
    server.add_argument("--seed", default="01")
    server.add_argument("--ip", required=True)
    server.add_argument("--port", type=int, required=True)
    commands.add_parser("btauth-client").set_defaults(run=lambda args: run_client())
    commands.add_parser("btauth-server").set_defaults(run=lambda args: run_server())
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse()
    arguments.run(arguments)
