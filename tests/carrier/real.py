"""A carrier with its real media and browsers' phones, for whatever is said of audio."""

import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from numpy.typing import NDArray
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from carrier.app import Carrier
from carrier.config import Config
from carrier.mixer import TickMixer
from carrier.phones import Phones
from tests.phones import Phone

from .harness import ACCOUNT, APP, KEY, SECRET


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Carrier]:
    """The whole carrier in this loop."""
    carrier = Carrier(config, TickMixer(), Phones)
    await carrier.start()
    try:
        yield carrier
    finally:
        await carrier.stop()


def access_token(identity: str, ttl: int = 600) -> str:
    """What the application would give a browser."""
    token = AccessToken(ACCOUNT, KEY, SECRET, identity=identity, ttl=ttl)
    token.add_grant(VoiceGrant(incoming_allow=True, outgoing_application_sid=APP))
    text: str = token.to_jwt()
    return text


@asynccontextmanager
async def phone(carrier: Carrier, identity: str) -> AsyncIterator[Phone]:
    """A registered browser phone."""
    async with Phone(carrier.http.replace("http", "ws", 1) + "/signal", access_token(identity)) as phone:
        await phone.register()
        yield phone


def channels(body: bytes) -> NDArray[np.int16]:
    """A WAV file as an array of samples by channels."""
    with wave.open(io.BytesIO(body)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return data.reshape(-1, file.getnchannels())
