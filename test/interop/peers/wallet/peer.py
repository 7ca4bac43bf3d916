"""Writes and reads hotkeys with the package named first (bittensor_wallet or bittensor), signs with them, and checks signatures.

PACKAGE write FOLDER PASSWORD    a line of JSON for each hotkey: its name, address, and a signature of its name
PACKAGE read FOLDER NAME PASSWORD    prints the address of a hotkey of the wallet default
PACKAGE verify ADDRESS TEXT SIGNATURE    prints true or false
"""

import importlib
import json
import sys

package, command, *rest = sys.argv[1:]
module = importlib.import_module(package)
if package == "bittensor_wallet":
    from bittensor_wallet import Keypair
else:
    from bittensor_core import Keypair


def write(folder, password):
    mnemonic = Keypair.generate_mnemonic()
    seed = "0x" + "9f" * 32
    kinds = {
        "words": {"mnemonic": mnemonic},
        "seed": {"seed": seed},
        "locked": {"mnemonic": mnemonic, "use_password": True, "hotkey_password": password},
    }
    for name, options in kinds.items():
        wallet = module.Wallet(name="default", hotkey=name, path=folder)
        wallet.regenerate_hotkey(overwrite=True, suppress=True, **options)
        from_seed = seed if package == "bittensor_wallet" else bytes.fromhex(seed[2:])
        pair = Keypair.create_from_seed(from_seed) if name == "seed" else Keypair.create_from_mnemonic(mnemonic)
        line = {"name": name, "address": pair.ss58_address, "signature": bytes(pair.sign(name.encode())).hex()}
        print("case", json.dumps(line), flush=True)


if command == "write":
    write(*rest)
elif command == "read":
    folder, name, password = rest
    print("address", module.Wallet(name="default", hotkey=name, path=folder).get_hotkey(password).ss58_address)
else:
    address, text, signature = rest
    print("true" if Keypair(ss58_address=address).verify(text.encode(), bytes.fromhex(signature)) else "false")
