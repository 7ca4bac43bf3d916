"""Bittensor's `http_auth`, which signs and verifies requests, behind plain HTTP of Python's own library.

`run_client` sends what it is told: each line of standard input is a command in JSON, each answer a line.
`run_server` verifies what it is sent, and answers with who sent it and what.
"""

import json
import sys
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bittensor import http_auth
from bittensor.sp_core import Keypair
from bittensor.wallets import parse_crypto_type

SECOND_NS = 10**9


def keypair(byte, scheme="sr25519"):
    """Of the seed that is `byte` 32 times."""
    return Keypair.create_from_seed(bytes([byte]) * 32, crypto_type=parse_crypto_type(scheme))


def request(command):
    """Signs what the command says, and sends it with what it says should be different."""
    body = command.get("body", "").encode()
    method, path = command.get("method", "POST"), command["path"]
    signer = keypair(command.get("seed", 2), command.get("scheme", "sr25519"))
    nonce = time.time_ns() + int(command.get("ahead", 0) * SECOND_NS)
    receiver = None if command.get("unbound") else command.get("receiver", keypair(1).ss58_address)
    headers = http_auth.sign(signer, method=method, path=path, body=body, receiver_ss58=receiver, nonce_ns=nonce)
    headers = {**headers, "Content-Type": "application/json", **command.get("headers", {})}
    for name in command.get("without", []):
        headers.pop(name, None)
    sent = command.get("sent", {})
    connection = HTTPConnection("127.0.0.1", command["port"], timeout=30)
    try:
        for _ in range(command.get("times", 1)):
            connection.request(
                sent.get("method", method), sent.get("path", path), sent.get("body", body.decode()).encode(), headers
            )
            response = connection.getresponse()
            answer = {"status": response.status, "headers": response.getheaders(), "body": response.read().decode()}
        return answer
    finally:
        connection.close()


def run_client():
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"told": request(command)}
        except Exception as error:  # a test that fails because of it must read what it was
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


class Verifying(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            caller = http_auth.verify(
                dict(self.headers),
                body,
                method="POST",
                path=self.path,
                self_hotkey_ss58=keypair(1).ss58_address,
            )
        except http_auth.AuthError as error:
            return self.answer(401, {"error": str(error), "code": type(error).__name__})
        sent = json.loads(body)
        if self.path == "/Ask" and sent.get("city") == "boom":
            return self.answer(500, {"error": "it failed", "code": "INTERNAL"})
        if self.path == "/Ask":
            return self.answer(200, {"answer": f"hi {sent['city']}, {caller.hotkey_ss58}"})
        return self.answer(404, {"error": "no such synapse", "code": "UNKNOWN"})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Standard error is for what goes wrong."""


def run_server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Verifying)
    print(json.dumps({"port": server.server_port, "hotkey": keypair(1).ss58_address}), flush=True)
    server.serve_forever()
