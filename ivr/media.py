"""The carrier's media streams: a talk's sound, on its way to whoever writes captions.

https://www.twilio.com/docs/voice/media-streams/websocket-messages. Lossy on purpose: a caption that comes
late or not at all harms nobody, a web process that is held up does.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from fastapi import FastAPI
from redis.exceptions import RedisError
from starlette.websockets import WebSocket, WebSocketDisconnect

from config.log import Log
from routing.ports import Contact, ContactState

from .carrier import CarrierAccount
from .signature import SIGNATURE_HEADER, SignatureValidator
from .twiml import MEDIA

log = Log(__name__)
SIDES = {"inbound": "caller", "outbound": "lawyer"}
BATCH = 10  # frames of 20 ms that go out together
LOOK_S = 1.0  # how often we look whether they still talk: music and prompts are not captioned

Sound = Callable[[str, str, bytes], Awaitable[None]]  # contact, side, mu-law at 8 kHz


class Contacts(Protocol):
    async def contact(self, contact_id: str) -> Contact | None: ...


def install(app: FastAPI, contacts: Contacts, account: CarrierAccount, sound: Sound) -> None:
    """Serve ``/twilio/media`` on *app*; *sound* gets each side's sound while contact and lawyer talk."""
    validator = SignatureValidator(account.auth_token, account.public_url.replace("http", "ws", 1))

    async def media(socket: WebSocket) -> None:
        if not validator.accepts(MEDIA, (), socket.headers.get(SIGNATURE_HEADER, "")):
            log.warning("media.refused", why="bad signature")
            await socket.close(1008)
            return
        await socket.accept()
        try:
            await _follow(socket, contacts, sound)
        except WebSocketDisconnect:
            return
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            log.warning("media.malformed", error=type(error).__name__)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("media.trouble", error=type(error).__name__)
        await socket.close()

    app.add_api_websocket_route(MEDIA, media)


async def _follow(socket: WebSocket, contacts: Contacts, sound: Sound) -> None:
    contact, looked, talking = "", 0.0, False
    held: dict[str, list[bytes]] = {side: [] for side in SIDES.values()}
    loop = asyncio.get_running_loop()
    while True:
        message: dict[str, Any] = json.loads(await socket.receive_text())
        match message["event"]:
            case "start":
                contact = str(message["start"]["customParameters"]["contact"])
            case "stop":
                return
            case "media":
                if loop.time() - looked > LOOK_S:
                    now = await contacts.contact(contact)
                    if now is None or now.state is ContactState.ENDED:
                        return
                    talking, looked = now.state is ContactState.TALKING, loop.time()
                side = SIDES[message["media"]["track"]]
                frames = held[side]
                if talking:
                    frames.append(base64.b64decode(message["media"]["payload"], validate=True))
                if len(frames) >= BATCH:
                    await sound(contact, side, b"".join(frames))
                    frames.clear()
