"""A validator in Python as docs/coming-from-btlightning.md has it: its block comes on standard input.

    validator.py HOTKEY MINER PORT
"""

import sys

from btlightning import Lightning  # noqa: F401 (the page uses it)

hotkey, miner, port = sys.argv[1:]
axon = {"hotkey": miner, "ip": "127.0.0.1", "port": int(port)}
block = sys.stdin.read()
assert '"192.0.2.7", "port": 8443' in block, "the page names another address"
block = block.replace('"192.0.2.7", "port": 8443', f'"127.0.0.1", "port": {port}')
exec(compile(block, "the page", "exec"), globals())
