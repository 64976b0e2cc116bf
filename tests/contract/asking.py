"""Calling twilio's blocking client from a test's event loop, and what its resources must carry."""

import asyncio
import inspect
import json
import re
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException

from carrier.app import Carrier
from tests.carrier.harness import ACCOUNT, BASIC

ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"


async def ask(method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Run one request of the client in a thread: the carrier under test needs this loop."""
    return await asyncio.to_thread(method, *args, **kwargs)


async def refused(method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> TwilioRestException:
    """As ``ask``, for a request that must be refused; return the refusal."""
    with pytest.raises(TwilioRestException) as caught:
        await ask(method, *args, **kwargs)
    return caught.value


def schema_keys(instance: type) -> set[str]:
    """The keys that the client reads of a resource, which are those of Twilio's OpenAPI schema."""
    return set(re.findall(r'payload\.get\(\s*"(\w+)"', inspect.getsource(instance.__init__)))


async def raw(carrier: Carrier, method: str, path: str, **kwargs: Any) -> tuple[int, dict[str, Any], Any]:
    """One request without the client: status, JSON body, headers."""
    headers = kwargs.pop("headers", {})
    if "Authorization" not in headers and not kwargs.pop("anonymous", False):
        headers = BASIC | headers
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, carrier.http + path, headers=headers, **kwargs) as response,
    ):
        text = await response.text()
        return response.status, json.loads(text) if text else {}, response.headers
