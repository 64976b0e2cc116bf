"""HTTP towards the application: signed, timed, retried as Twilio does it."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from yarl import URL

from .errors import MESSAGES, Trouble

Params = Mapping[str, str]
LARGEST = 4 * 1024 * 1024  # an answer longer than this is not read
REDIRECTS = 5
IDLE_SECONDS = 4.0  # below uvicorn's own 5 s, so that the far end never closes under a request of ours
FIRST_PAUSE_S = 0.25  # before the first retry; doubles


@dataclass(frozen=True, slots=True)
class Hook:
    """Where to send something: the URL as configured, fragment and all."""

    url: str
    method: str = "POST"

    @property
    def address(self) -> str:
        """What is sent and signed: no fragment."""
        return self.url.partition("#")[0]

    def against(self, base: str) -> "Hook":
        """The hook with a relative URL made absolute; empty means *base* itself."""
        if not self.url:
            return Hook(base, self.method)
        if urlsplit(self.url).scheme:
            return self
        fragment = self.url.partition("#")[2]
        joined = str(URL(base, encoded=True).join(URL(self.address, encoded=True))) if self.address else base
        return Hook(joined + ("#" + fragment if fragment else ""), self.method)


@dataclass(frozen=True, slots=True)
class Overrides:
    """Connection overrides of a URL's fragment, in seconds; unusable values keep the default."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    policy: frozenset[str] = field(default_factory=lambda: frozenset({"ct"}))

    @classmethod
    def of(cls, url: str) -> "Overrides":
        """Read ``#ct=5000&rt=15000&tt=15000&rc=1&rp=ct``."""
        given = dict(parse_qsl(url.partition("#")[2]))

        def number(key: str, default: float, low: float, high: float) -> float:
            value = given.get(key, "")
            return min(max(int(value), low), high) if value.isascii() and value.isdigit() else default

        policy = frozenset(
            p for p in given.get("rp", "ct").split(",") if p in {"ct", "rt", "4xx", "5xx", "all"}
        )
        return cls(
            connect=number("ct", 5000, 100, 10000) / 1000,
            read=number("rt", 15000, 100, 15000) / 1000,
            total=number("tt", 15000, 100, 15000) / 1000,
            retries=int(number("rc", 1, 0, 5)),
            policy=policy or frozenset({"ct"}),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application answered: a 2xx."""

    url: str
    content_type: str
    body: bytes
    etag: str = ""
    max_age: float = 0.0


def signature(auth_token: str, url: str, params: Params | Sequence[tuple[str, str]] = ()) -> str:
    """``X-Twilio-Signature``: base64 HMAC-SHA1 over the URL and each POST key, sorted, with its values."""
    pairs = list(params.items()) if isinstance(params, Mapping) else list(params)
    signed = url + "".join(k + v for k, v in sorted(set(pairs)))
    return base64.b64encode(hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


class _Failed(Exception):
    """One attempt failed: *why* is the retry policy's word for it."""

    def __init__(self, why: str, code: int, detail: str) -> None:
        super().__init__(detail)
        self.why, self.code = why, code


class Webhooks:
    """The one HTTP client of a carrier; connections are kept alive between requests."""

    def __init__(self, auth_token: str, complain: Callable[[Trouble, Params], None]) -> None:
        self._token, self._complain = auth_token, complain
        self._session: aiohttp.ClientSession | None = None
        self._told: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the pool."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"},
        )

    async def stop(self) -> None:
        """Give up what is under way and close."""
        for task in list(self._told):
            task.cancel()
        if self._session is not None:
            await self._session.close()

    async def ask(self, hook: Hook, params: Params, *, etag: str = "") -> Answer:
        """Send and return the answer. Raise Trouble when no attempt got a 2xx within the time."""
        rules = Overrides.of(hook.url)
        token = secrets.token_hex(16)
        deadline = time.monotonic() + rules.total
        for attempt in range(rules.retries + 1):
            left = deadline - time.monotonic()
            try:
                async with asyncio.timeout(max(left, 0.001)):
                    return await self._once(hook, params, rules, token, etag)
            except TimeoutError as error:
                raise Trouble(11200, MESSAGES[11200] + ": no answer in time", hook.address) from error
            except _Failed as failure:
                retry = failure.why in rules.policy or "all" in rules.policy
                if attempt == rules.retries or not retry or time.monotonic() >= deadline:
                    raise Trouble(
                        failure.code, f"{MESSAGES[failure.code]}: {failure}", hook.address
                    ) from failure
                # A process that is being restarted serves again in seconds, not in the milliseconds that
                # refused connections take.
                await asyncio.sleep(min(FIRST_PAUSE_S * 2**attempt, max(deadline - time.monotonic(), 0)))
        raise Trouble(11200, MESSAGES[11200], hook.address)

    def tell(self, hook: Hook | None, params: Params) -> None:
        """Send a status callback in the background; a failure goes to the debug log."""
        if hook is None:
            return

        async def send(hook: Hook) -> None:
            try:
                await self.ask(hook, params)
            except Trouble as trouble:
                code = 15003 if trouble.code == 11217 else trouble.code
                self._complain(Trouble(code, trouble.message, trouble.url), params)

        task = asyncio.get_running_loop().create_task(send(hook))
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def settle(self, seconds: float | None = None) -> None:
        """Wait until the callbacks sent so far have been answered, for so long at most."""
        if self._told:
            await asyncio.wait(list(self._told), timeout=seconds)

    async def _once(self, hook: Hook, params: Params, rules: Overrides, token: str, etag: str) -> Answer:
        url, method, fields = hook.address, hook.method.upper(), params
        constant = {"I-Twilio-Idempotency-Token": token} | ({"If-None-Match": etag} if etag else {})
        for _ in range(REDIRECTS + 1):
            result = await self._exchange(url, method, fields, rules, constant)
            if isinstance(result, Answer):
                return result
            url, method, fields = result, "GET", {}
        raise _Failed("rt", 11215, "more than five redirects")

    async def _exchange(
        self, url: str, method: str, params: Params, rules: Overrides, constant: Mapping[str, str]
    ) -> Answer | str:
        if self._session is None:
            raise _Failed("rt", 11205, "the carrier is not running")
        body: bytes | None = None
        headers = dict(constant)
        sent = url
        if method == "GET":
            if params:
                sent += ("&" if "?" in url else "?") + urlencode(params)
            headers["X-Twilio-Signature"] = signature(self._token, sent)
        else:
            body = urlencode(params).encode()
            headers["X-Twilio-Signature"] = signature(self._token, url, params)
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=rules.connect, sock_read=rules.read)
        try:
            async with self._session.request(
                method,
                URL(sent, encoded=True),
                data=body,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                return await _read(response, url)
        except (aiohttp.InvalidURL, aiohttp.ClientConnectorDNSError, ValueError) as error:
            raise _Failed("ct", 11210, str(error)) from error
        except (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError) as error:
            raise _Failed("ct", 11220, str(error)) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _Failed("ct", 11205, str(error)) from error
        except aiohttp.ServerDisconnectedError as error:
            # A kept connection that the far end had closed: nothing was answered, so it is a connect failure.
            raise _Failed("ct", 11205, str(error)) from error
        except aiohttp.ServerTimeoutError as error:
            raise _Failed("rt", 11200, str(error)) from error
        except aiohttp.ClientError as error:
            raise _Failed("rt", 11200, str(error)) from error


async def _read(response: aiohttp.ClientResponse, url: str) -> Answer | str:
    if response.status in {301, 302, 303, 307, 308} and (location := response.headers.get("Location")):
        return Hook(location).against(url).url
    if response.status >= 400:
        why = "4xx" if response.status < 500 else "5xx"
        raise _Failed(why, 11217, f"HTTP {response.status}")
    body = await response.content.read(LARGEST + 1)
    while len(body) <= LARGEST and (more := await response.content.read(LARGEST + 1 - len(body))):
        body += more
    if len(body) > LARGEST:
        raise _Failed("rt", 11200, "answer too long")
    kind = "not-modified" if response.status == 304 else response.headers.get("Content-Type", "")
    return Answer(
        url,
        kind.partition(";")[0].strip().lower(),
        body,
        response.headers.get("ETag", ""),
        _max_age(response.headers.get("Cache-Control", "")),
    )


def _max_age(cache_control: str) -> float:
    for part in cache_control.split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "max-age" and value.isascii() and value.isdigit():
            return float(value)
    return 0.0
