"""The Python of docs/coming-from-axon.md on bittensor's own classes: its blocks come on standard input, one after the other.

What a reader has already stands for itself: a wallet, a metagraph, a chain that takes everything. The axon does not open
its port, and the axon that is asked is not there.
"""

import ast
import asyncio
import inspect
import os
import sys
from types import SimpleNamespace

# Else the package makes folders in the home of whoever imports it.
os.environ["READ_ONLY"] = "1"
sys.path.pop(0)  # this file has the package's name
import bittensor as bt  # noqa: E402
from bittensor.utils import networking  # noqa: E402

# A dendrite asks public services for this address when it is made. This one is for documentation (RFC 5737).
networking.get_external_ip = lambda: "192.0.2.1"
bt.Axon.start = lambda self: self

hotkey = bt.Keypair.create_from_seed("0x" + "01" * 32)
# A dendrite takes what is not of the class Wallet for a keypair.
wallet = SimpleNamespace(
    hotkey=hotkey, coldkeypub=hotkey, ss58_address=hotkey.ss58_address, sign=hotkey.sign
)
gone = bt.AxonInfo(
    version=1, ip="127.0.0.1", port=1, ip_type=4, hotkey=hotkey.ss58_address, coldkey=hotkey.ss58_address
)
metagraph = SimpleNamespace(axons=[gone], hotkeys=[hotkey.ss58_address], S=[1000.0])
subtensor = SimpleNamespace(serve_axon=lambda **_: SimpleNamespace(success=True, message=""))


def model(_city, days):
    return [20.0] * days


async def main():
    code = compile(sys.stdin.read(), "the page", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    done = eval(code, globals())
    if inspect.isawaitable(done):
        await done


asyncio.run(main())
assert list(axon.forward_fns)[-1] == "Forecast"  # noqa: F821 (the page makes it)
assert axon.blacklist_fns["Forecast"] is blacklist and axon.priority_fns["Forecast"] is priority  # noqa: F821
print(f"{len(answers)} answer of {type(answers[0]).__name__}")  # noqa: F821
