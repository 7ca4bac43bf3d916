"""bittensor 10 as tests may use it: it reads no wallet, asks nobody on the network, and serves on the loopback alone."""

import os
import socket
import time
from types import SimpleNamespace

# Else the package makes folders in the home of whoever imports it.
os.environ["READ_ONLY"] = "1"
import bittensor as bt  # noqa: E402
from bittensor.utils import networking  # noqa: E402

# A dendrite asks public services for this address when it is made. This one is for documentation (RFC 5737).
networking.get_external_ip = lambda: "192.0.2.1"


def keypair(byte):
    """Of the seed that is `byte` 32 times."""
    return bt.Keypair.create_from_seed("0x" + f"{byte:02x}" * 32)


MINER = keypair(1)
VALIDATOR = keypair(2)


def info(port, hotkey=MINER.ss58_address):
    """An axon as a metagraph lists it."""
    return bt.AxonInfo(version=1, ip="127.0.0.1", port=port, ip_type=4, hotkey=hotkey, coldkey=hotkey)


def serve(hotkey, port, attach):
    """An axon that listens, with what `attach` gave it. `port` 0 is any that is free."""
    # All that an axon reads of a wallet.
    wallet = SimpleNamespace(hotkey=hotkey, coldkeypub=hotkey)
    axon = bt.Axon(wallet=wallet, port=port or free_port(), external_ip="127.0.0.1")
    axon.fast_config.host = "127.0.0.1"  # an axon listens on every address, and has no option for that
    attach(axon)
    axon.start()
    while not axon.fast_server.started:
        time.sleep(0.01)
    return axon


def free_port():
    """An axon does not tell which port the system chose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
