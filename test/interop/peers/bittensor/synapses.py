"""What dendrite and axon of the suite say to each other. Levin's side declares the same in doors-contract.ts."""

from typing import Any, ClassVar, Optional

from loopback import bt
from pydantic import Field


class Ask(bt.Synapse):
    """As captured: the fields that are hashed are named by a field, as subnets of before version 8 do."""

    city: str = ""
    days: int = 0
    answer: Optional[str] = None
    required_hash_fields: list[str] = Field(["city", "days"], frozen=False)


class Slow(bt.Synapse):
    """Answered after `seconds`."""

    seconds: float = 5.0


class Value(bt.Synapse):
    """Given back as it came. Nothing that JSON can say is missing in its hash."""

    value: Any
    same: Optional[Any] = None
    required_hash_fields: ClassVar[tuple[str, ...]] = ("value",)


class Nope(bt.Synapse):
    """Nobody answers it."""


class Story(bt.StreamingSynapse):
    """So many pieces of text, as the examples of bittensor's documentation stream them."""

    pieces: int
    pause: float = 0.0
    text: Optional[str] = None

    async def process_streaming_response(self, response):
        self.text = self.text or ""
        async for chunk in response.content.iter_any():
            piece = chunk.decode("utf-8")
            self.text += piece
            yield piece

    def deserialize(self):
        return self.text

    def extract_response_json(self, response):
        # Names as they were sent: HTTP's do not care about case, this does.
        headers = {key.decode(): value.decode() for key, value in response.raw_headers}

        def terminal(prefix):
            return {key[len(prefix) :]: value for key, value in headers.items() if key.startswith(prefix)}

        return {
            "name": headers.get("name", ""),
            "timeout": float(headers.get("timeout", 0)),
            "total_size": int(headers.get("total_size", 0)),
            "header_size": int(headers.get("header_size", 0)),
            "dendrite": terminal("bt_header_dendrite_"),
            "axon": terminal("bt_header_axon_"),
            "pieces": self.pieces,
            "text": self.text,
        }
