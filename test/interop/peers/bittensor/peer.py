"""Bittensor's own axon and dendrite: JSON over HTTP, as most subnets still speak.

    peer.py bench-miner  --port P
    peer.py bench-client --port P --size BYTES --inflight K --seconds S [--setups N]
    peer.py axon         [--count N]
    peer.py dendrite

The first two are the benchmark's, with the output lines of the programs beside it. `axon` prints one line, a JSON list
of `{"port", "hotkey"}`, and serves until it is killed. `dendrite` reads commands from standard input, a line of JSON each,
and answers each with one. Everything stays on the loopback: no chain is asked and no wallet is read or written.
"""

import argparse
import asyncio
import sys

from axon import run_axons
from bench import run_client, run_miner
from dendrite import run_dendrite


def parse():
    parser = argparse.ArgumentParser(description="Bittensor's axon and dendrite beside Levin")
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
    axon = commands.add_parser("axon")
    axon.set_defaults(run=run_axons)
    axon.add_argument("--count", type=int, default=1)
    dendrite = commands.add_parser("dendrite")
    dendrite.set_defaults(run=lambda args: asyncio.run(run_dendrite()))
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse()
    sys.exit(arguments.run(arguments))
