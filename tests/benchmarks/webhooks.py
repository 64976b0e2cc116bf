"""Signed webhooks a second on one uvicorn worker: ours, beside Twilio's own parser, validator and builder.

Both serve the same round of the wait loop for the same signed request, in the same run, each in a process of
its own, with a constant for a switchboard, so that only the webhook itself is measured. A third process has
the real switchboard, on a Valkey that has every write on disk before it answers: callers arrive, then press 1
and are queued and promised to a lawyer.
"""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

from config.clock import SystemClock
from config.redis import open_redis
from ivr.carrier import CarrierAccount
from ivr.data import load_rules, load_script
from ivr.detection import Earlier
from ivr.prompts import PromptLibrary
from ivr.webhooks import install
from routing.events import Fact
from routing.ports import Arrival, Contact, ContactState, Need, Offer, Place, SignIn
from routing.redis_queue import RedisQueue
from routing.rules import load_rules as load_routing
from routing.switchboard import Switchboard
from tests.servers import valkey

ACCOUNT = CarrierAccount("AC" + "a" * 32, "token-of-the-bench", "https://hotline.example.cn")
CALL = "CA" + "1" * 32
PATH = "/twilio/voice/wait?n=1&m=4&r=0&t=0"
FIELDS = {
    "AccountSid": ACCOUNT.account_sid, "ApiVersion": "2010-04-01", "CallSid": CALL,
    "CallStatus": "in-progress", "Called": "12348", "Caller": "+8613800138000",
    "Direction": "inbound", "From": "+8613800138000", "To": "12348",
    "CallerCountry": "CN", "CalledCountry": "CN", "FromCountry": "CN", "ToCountry": "CN", "msg": "Gather End",
}  # fmt: skip
CONNECTIONS, ROUNDS, REQUESTS = 16, 5, 2500
MENU, PRESSED = "/twilio/voice/menu?t=1", {"Digits": "1", "CallStatus": "in-progress"}
STEADY_PER_S, STEADY = 50, 500  # calls that arrive at their own times, as callers do: many for a province
REDIS = "BENCH_REDIS"  # the variable that tells the third process where Valkey is
ARRIVED = {**FIELDS, "CallStatus": "ringing"}
ARRIVED.pop("msg")


class Constant:
    """A switchboard with one waiting caller who never moves."""

    _contact = Contact(
        "c_" + CALL[2:], ContactState.WAITING, "d_" + CALL[2:], FIELDS["From"], "12348", "pstn", "", 1, 0
    )

    async def arrive(self, arrival: Arrival) -> Contact:
        return self._contact

    async def choose(self, contact_id: str, need: Need) -> Contact:
        return self._contact

    async def contact(self, contact_id: str) -> Contact | None:
        return self._contact

    async def place(self, contact_id: str) -> Place | None:
        return Place(3, 2, 240_000, 4)

    async def still_here(self, contact_id: str) -> None: ...

    async def callback_chosen(self, contact_id: str, number: str = "", *, reason: str = "chosen") -> Contact:
        return replace(self._contact, state=ContactState.CALLBACK)

    async def leg_answered(self, contact_id: str, lawyer_id: str) -> None: ...

    async def leg_ended(self, contact_id: str, lawyer_id: str, outcome: str) -> None: ...

    async def caller_left(self, contact_id: str, outcome: str) -> None: ...

    async def supervisor_left(self, contact_id: str, supervisor: str, *, unheard: bool) -> None: ...

    async def rejoin(self, contact_id: str, lawyer_id: str, leg: str) -> bool:
        return False

    async def guest_news(self, contact_id: str, guest: str, state: str) -> None: ...

    async def caller_joined(self, contact_id: str, leg: str) -> None: ...

    async def record(self, fact: Fact) -> None: ...

    async def earlier(self, from_number: str) -> Earlier:
        return Earlier()


async def _ignore(contact: str, recording: str, status: str, url: str, duration_s: int) -> None: ...


def ours() -> FastAPI:
    """The hotline's own webhooks."""
    app, board, library = FastAPI(), Constant(), PromptLibrary()
    install(
        app, board, ACCOUNT, script=load_script(library), rules=load_rules(), library=library, history=board,
        recordings=_ignore, clock=SystemClock(),
    )  # fmt: skip
    return app


class Nobody:
    """A carrier that does at once whatever it is asked."""

    async def ring(self, offer: Offer, card: Mapping[str, str], timeout_s: int) -> str:
        return f"CA{offer.contact[2:]}"

    async def end_leg(self, leg: str) -> None: ...

    async def bring_caller(self, contact: str) -> None: ...

    async def record(self, contact: str) -> str:
        return "RE1"

    async def send_caller(self, contact: str, step: str) -> None: ...

    async def hold_caller(self, contact: str, held: bool) -> None: ...

    async def is_alive(self, contact: str) -> bool:
        return True

    async def leg_is_alive(self, leg: str) -> bool:
        return True


def whole() -> FastAPI:
    """The hotline's own webhooks, and behind them the hotline's own switchboard."""
    app, library, clock, rules = FastAPI(), PromptLibrary(), SystemClock(), load_routing()
    queue = RedisQueue(open_redis(os.environ[REDIS]), rules)
    board = Switchboard(queue, cast("Any", Nobody()), clock, rules)
    install(
        app, board, ACCOUNT, script=load_script(library), rules=load_rules(), library=library,
        history=Constant(), recordings=_ignore, clock=clock,
    )  # fmt: skip
    return app


def theirs() -> FastAPI:
    """The same answer, by ``request.form()``, ``RequestValidator`` and Twilio's TwiML builder."""
    app, board, validator = FastAPI(), Constant(), RequestValidator(ACCOUNT.auth_token)
    base, version = ACCOUNT.public_url, PromptLibrary().version

    @app.post("/twilio/voice/wait")
    async def wait(request: Request) -> Response:
        form: FormData = await request.form()
        url = f"{base}{request.url.path}?{request.url.query}"
        if not validator.validate(url, form, request.headers.get("X-Twilio-Signature", "")):
            return Response(status_code=403)
        contact_id = "c_" + str(form["CallSid"])[2:]
        await board.contact(contact_id)
        await board.still_here(contact_id)
        await board.place(contact_id)
        answer = VoiceResponse()
        gather = Gather(
            input="dtmf", method="POST", action=f"{base}/twilio/voice/callback?n=1&m=4&r=0&t=0", timeout=1,
            num_digits=1, finish_on_key="",
        )  # fmt: skip
        gather.play(f"{base}/prompts/ahead.two-people.wav?v={version}")
        gather.play(f"{base}/prompts/music.wav?v={version}")
        answer.append(gather)
        answer.redirect(f"{base}/twilio/voice/wait?n=2&m=4&r=0&t=0", method="POST")
        return Response(str(answer), media_type="text/xml")

    return app


@contextmanager
def _worker(factory: str, **environment: str) -> Iterator[tuple[int, int]]:
    """One uvicorn worker as ``anxin web`` runs it; give its pid and port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        command = [sys.executable, "-m", "uvicorn", f"{__name__}:{factory}", "--factory", "--no-access-log",
                   "--log-level", "warning", "--fd", str(listening.fileno())]  # fmt: skip
        process = subprocess.Popen(command, pass_fds=[listening.fileno()], env={**os.environ, **environment})
        try:
            yield process.pid, listening.getsockname()[1]
        finally:
            process.terminate()
            process.wait(10)


def _request(path: str = PATH, form: Mapping[str, str] = FIELDS) -> bytes:
    """The signed request, as it goes over the wire."""
    signature = RequestValidator(ACCOUNT.auth_token).compute_signature(ACCOUNT.public_url + path, dict(form))
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: hotline.example.cn\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
        f"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: {len(body)}\r\n"
        f"X-Twilio-Signature: {signature}\r\nI-Twilio-Idempotency-Token: {form['CallSid'][-8:]}\r\n\r\n"
    )
    return head.encode() + body


async def _send(port: int, requests: Sequence[bytes], expected: bytes = b"ahead.two-people") -> list[float]:
    """Send requests over some connections, one after the other on each; return the seconds each
    took.
    """
    left = iter(requests)
    waits: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in left:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            assert expected in await reader.readexactly(length)
            waits.append(time.perf_counter() - began)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return waits


async def _send_steadily(port: int, requests: Sequence[bytes], expected: bytes) -> list[float]:
    """Send each request at its own time, however long the others take; return the seconds each took from
    then.
    """
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    waits: list[float] = []

    async def send(request: bytes, due: float) -> None:
        await asyncio.sleep(due - time.perf_counter())
        reader, writer = await idle.get()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        assert expected in await reader.readexactly(int(head.lower().split(b"content-length:")[1].split()[0]))
        waits.append(time.perf_counter() - due)
        idle.put_nowait((reader, writer))

    began = time.perf_counter()
    await asyncio.gather(*(send(request, began + n / STEADY_PER_S) for n, request in enumerate(requests)))
    while not idle.empty():
        idle.get_nowait()[1].close()
    return waits


def _cpu_s(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _calls(path: str, callers: range, **fields: str) -> list[bytes]:
    """The same webhook of so many callers."""
    form = {**ARRIVED, **fields}
    return [
        _request(
            path, {**form, "CallSid": f"CA{n:032x}", "From": f"+86138{n:08d}", "Caller": f"+86138{n:08d}"}
        )
        for n in callers
    ]


async def _seat(url: str) -> None:
    """As many lawyers as callers, so that each key reserves one."""
    redis = open_redis(url)
    queue, now = RedisQueue(redis, load_routing()), SystemClock().now_ms()
    for number in range(REQUESTS):
        who = SignIn(f"u_{number}", "李律师", frozenset({"dedicated"}), frozenset({"zh"}), "")
        await queue.sign_in(who, now)
        await queue.heartbeat(who.lawyer, True, "", now + 600_000)  # nobody's desk falls silent meanwhile
        await queue.ready(who.lawyer, now)
    await redis.aclose()


def _whole() -> tuple[dict[str, tuple[float, list[float]]], list[float]]:
    """Return, for the arrival and for the key, requests per second of processor time and what each took; and
    what arrivals and keys took that came at their own times.
    """
    found = {}
    first = range(REQUESTS)
    with valkey() as url, _worker("whole", **{REDIS: url}) as (pid, port):
        asyncio.run(_seat(url))
        steps = {
            "arrival": (_calls("/twilio/voice/incoming", first), b"<Gather"),
            "key": (_calls(MENU, first, **PRESSED), b"<Response"),
        }
        for name, (requests, expected) in steps.items():
            before = _cpu_s(pid)
            took = asyncio.run(_send(port, requests, expected))
            found[name] = (REQUESTS / (_cpu_s(pid) - before), took)
        promised = asyncio.run(_promised(url))
        assert promised == REQUESTS, f"{promised} of {REQUESTS} callers are promised to a lawyer"
        later = range(REQUESTS, REQUESTS + STEADY)
        arrivals = _calls("/twilio/voice/incoming", later)
        keys = _calls(MENU, later, **PRESSED)
        steady = asyncio.run(_send_steadily(port, arrivals, b"<Gather"))
        steady += asyncio.run(_send_steadily(port, keys, b"<Response"))
    return found, steady


async def _promised(url: str) -> int:
    redis = open_redis(url)
    snapshot = await RedisQueue(redis, load_routing()).snapshot(SystemClock().now_ms())
    await redis.aclose()
    return sum(contact.state is ContactState.OFFERED for contact in snapshot.contacts)


def measure() -> list[dict[str, Any]]:
    """Rounds by turns. A rate is requests per second of the worker's own processor time: what one core can
    do.
    """
    rates: dict[str, list[float]] = {"ours": [], "theirs": []}
    waits: list[float] = []
    with _worker("ours") as (our_pid, our_port), _worker("theirs") as (their_pid, their_port):
        for port in (our_port, their_port):
            asyncio.run(_send(port, [_request()] * 200))  # warm
        for _ in range(ROUNDS):
            for name, pid, port in (("ours", our_pid, our_port), ("theirs", their_pid, their_port)):
                before = _cpu_s(pid)
                took = asyncio.run(_send(port, [_request()] * REQUESTS))
                rates[name].append(REQUESTS / (_cpu_s(pid) - before))
                waits += took if name == "ours" else []
    real, steady = _whole()
    steady_p99_ms = 1000 * statistics.quantiles(steady, n=100)[98]
    our_rate, their_rate = (statistics.median(rates[name]) for name in ("ours", "theirs"))
    p99_ms = 1000 * statistics.quantiles(waits, n=100)[98]
    ratio = our_rate / their_rate
    unit = "1/s of a core"
    return [
        {"name": "signed webhooks, one worker", "value": our_rate, "unit": unit, "aim": "", "holds": None},
        {
            "name": "the same with twilio's own parts",
            "value": their_rate,
            "unit": unit,
            "aim": "",
            "holds": None,
        },
        {"name": "ours / theirs", "value": ratio, "unit": "x", "aim": ">= 2.5", "holds": ratio >= 2.5},
        {
            "name": f"webhook answered, p99 at {CONNECTIONS} at once",
            "value": p99_ms,
            "unit": "ms",
            "aim": "<= 50",
            "holds": p99_ms <= 50,
        },
        {
            "name": f"arrivals and keys on disk at {STEADY_PER_S}/s, p99",
            "value": steady_p99_ms,
            "unit": "ms",
            "aim": "<= 50",
            "holds": steady_p99_ms <= 50,
        },
        *_whole_rows(real, our_rate),
    ]


def _whole_rows(real: dict[str, tuple[float, list[float]]], bare: float) -> Iterator[dict[str, Any]]:
    words = {"arrival": "arrival on disk", "key": "key, queued and a lawyer reserved on disk"}
    for step, (rate, took) in real.items():
        cuts = statistics.quantiles(took, n=100)
        share, p50_ms, p99_ms = rate / bare, cuts[49] * 1000, cuts[98] * 1000
        aim = (">= 0.4", share >= 0.4) if step == "arrival" else ("", None)
        for name, value, unit, (words_of_aim, holds) in (
            (f"{words[step]}, one worker", rate, "1/s of a core", ("", None)),
            (f"{words[step]} / bare webhook", share, "share", aim),
            (f"{words[step]}, p50 at {CONNECTIONS} at once", p50_ms, "ms", ("", None)),
            (f"{words[step]}, p99 at {CONNECTIONS} at once", p99_ms, "ms", ("<= 50", p99_ms <= 50)),
        ):
            yield {"name": name, "value": value, "unit": unit, "aim": words_of_aim, "holds": holds}
