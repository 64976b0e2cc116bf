"""Signed webhooks a second on one uvicorn worker: ours, beside Twilio's own parser, validator and builder.

Both serve the same round of the wait loop for the same signed request, in the same run, each in a process
of its own. Needs no Redis: the switchboard behind both is a constant, so that only the webhook itself is
measured.
"""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

from config.clock import SystemClock
from ivr.carrier import CarrierAccount
from ivr.data import load_rules, load_script
from ivr.detection import Earlier
from ivr.prompts import PromptLibrary
from ivr.webhooks import install
from routing.ports import Arrival, Contact, ContactState, Need, Place

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

    async def callback_chosen(self, contact_id: str, number: str = "") -> Contact:
        return replace(self._contact, state=ContactState.CALLBACK)

    async def leg_answered(self, contact_id: str, lawyer_id: str) -> None: ...

    async def leg_ended(self, contact_id: str, lawyer_id: str, outcome: str) -> None: ...

    async def caller_left(self, contact_id: str, outcome: str) -> None: ...

    async def earlier(self, from_number: str) -> Earlier:
        return Earlier()


async def _ignore(*_: object) -> None: ...


def ours() -> FastAPI:
    """The hotline's own webhooks."""
    app, board, library = FastAPI(), Constant(), PromptLibrary()
    install(
        app, board, ACCOUNT, script=load_script(library), rules=load_rules(), library=library, history=board,
        recordings=_ignore, clock=SystemClock(),
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
def _worker(factory: str) -> Iterator[tuple[int, int]]:
    """One uvicorn worker as ``anxin web`` runs it; give its pid and port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        command = [sys.executable, "-m", "uvicorn", f"{__name__}:{factory}", "--factory", "--no-access-log",
                   "--log-level", "warning", "--fd", str(listening.fileno())]  # fmt: skip
        process = subprocess.Popen(command, pass_fds=[listening.fileno()])
        try:
            yield process.pid, listening.getsockname()[1]
        finally:
            process.terminate()
            process.wait(10)


def _request() -> bytes:
    """The signed request, as it goes over the wire."""
    signature = RequestValidator(ACCOUNT.auth_token).compute_signature(ACCOUNT.public_url + PATH, FIELDS)
    body = urlencode(FIELDS).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: hotline.example.cn\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
        f"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: {len(body)}\r\n"
        f"X-Twilio-Signature: {signature}\r\nI-Twilio-Idempotency-Token: 0b5a\r\n\r\n"
    )
    return head.encode() + body


async def _send(port: int, count: int) -> list[float]:
    """Send *count* requests over some connections, one after the other on each; return the seconds each
    took.
    """
    request, left = _request(), iter(range(count))
    waits: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            assert b"ahead.two-people" in await reader.readexactly(length)
            waits.append(time.perf_counter() - began)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return waits


def _cpu_s(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure() -> list[dict[str, Any]]:
    """Rounds by turns. A rate is requests per second of the worker's own processor time: what one core can
    do.
    """
    rates: dict[str, list[float]] = {"ours": [], "theirs": []}
    waits: list[float] = []
    with _worker("ours") as (our_pid, our_port), _worker("theirs") as (their_pid, their_port):
        for port in (our_port, their_port):
            asyncio.run(_send(port, 200))  # warm
        for _ in range(ROUNDS):
            for name, pid, port in (("ours", our_pid, our_port), ("theirs", their_pid, their_port)):
                before = _cpu_s(pid)
                took = asyncio.run(_send(port, REQUESTS))
                rates[name].append(REQUESTS / (_cpu_s(pid) - before))
                waits += took if name == "ours" else []
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
    ]
