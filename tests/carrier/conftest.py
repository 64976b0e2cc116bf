"""A carrier with phones in memory, an application and a client, for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from twilio.rest import Client

from carrier.app import Carrier
from carrier.config import Config

from .fakes import FakeMixer, FakePhones
from .harness import ACCOUNT, APP, KEY, SECRET, TOKEN, Application, twilio_client


@pytest.fixture
async def application() -> AsyncIterator[Application]:
    app = Application()
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
def config(application: Application, tmp_path: Path) -> Config:
    voice = {
        "voice_url": f"{application.url}/voice",
        "status_callback": f"{application.url}/status",
    }
    fallback = {"voice_fallback_url": f"{application.url}/fallback"}
    return Config.model_validate(
        {
            "account_sid": ACCOUNT,
            "auth_token": TOKEN,
            "api_keys": {KEY: SECRET},
            "applications": {APP: voice | fallback},
            "numbers": {"12348": voice | fallback, "95598": voice},
            "state_dir": tmp_path / "carrier",
        }
    )


@pytest.fixture
async def carrier(config: Config) -> AsyncIterator[Carrier]:
    carrier = Carrier(config, FakeMixer(), FakePhones)
    await carrier.start()
    yield carrier
    await carrier.stop()


@pytest.fixture
def phones(carrier: Carrier) -> FakePhones:
    assert isinstance(carrier.phones, FakePhones)
    return carrier.phones


@pytest.fixture
def client(carrier: Carrier) -> Client:
    return twilio_client(carrier.http)
