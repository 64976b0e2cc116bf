"""The two Redis channels of live captions: sound on its way to be recognised, and what was recognised.

Published, not kept: who does not listen just then has missed it. Sound is ``contact side `` and mu-law bytes.
"""

import json
from typing import Any

from redis.asyncio import Redis

from .redis import HOTLINE

SOUND = f"{{{HOTLINE}}}:captions:sound"
TEXT = f"{{{HOTLINE}}}:captions:text"


def pack(contact: str, side: str, mulaw: bytes) -> bytes:
    return f"{contact} {side} ".encode() + mulaw


def unpack(message: bytes) -> tuple[str, str, bytes]:
    """Return contact, side and sound. Raise ValueError for anything else."""
    contact, side, mulaw = message.split(b" ", 2)
    return contact.decode(), side.decode(), mulaw


async def send_sound(redis: Redis, contact: str, side: str, mulaw: bytes) -> None:
    await redis.publish(SOUND, pack(contact, side, mulaw))


def text(contact: str, side: str, **caption: Any) -> str:
    """Return the message of a caption: utterance, text, final, at_s; or off: why there are none."""
    return json.dumps({"contact": contact, "side": side, **caption}, ensure_ascii=False)
