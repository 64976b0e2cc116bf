"""Alarms: told once per crossing, by one clock of several, to boards, a webhook and a mail server."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from redis.asyncio import Redis
from sqlalchemy import Engine

from config.pages import Pages
from routing.keys import ev
from sla.alarms import Alarm, AlarmRules, Alarms, Watch, load_alarms, measures
from sla.feed import ALARMS
from sla.messengers import Mail, Messengers
from sla.view import Books, Signs, view_of

from .lives import contact
from .office import NODE_MODULES, Hotline

RULES = AlarmRules(
    alarms={
        "queue": Alarm(measure="waiting", above=1, level="attention", sound=True, send=True),
        "slow": Alarm(measure="waiting", above=0, hold_s=10, level="breach"),
        "free": Alarm(measure="free_lawyers", below=1, level="attention"),
    },
    answered_at_least=20,
)
TEXTS = Pages(NODE_MODULES).catalogues.language("zh-CN")
MESSAGE = {
    "alarm": "queue", "state": "raised", "measure": "waiting", "value": 3.0, "limit": 1.0,
    "level": "attention", "at_ms": 1_764_000_000_000,
}  # fmt: skip


class Sent:
    """What would have gone out."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, Any]] = []

    async def __call__(self, message: Mapping[str, Any]) -> None:
        self.messages.append(message)


def alarms(hotline: Hotline, redis: Redis, engine: Engine, sent: Sent) -> Alarms:
    return Alarms(
        hotline, hotline, redis, engine, hotline.clock, answer_ms=lambda: 15_000, rules=RULES, send=sent
    )


async def kinds(redis: Redis) -> list[tuple[str, str]]:
    entries: Any = await redis.xrange(ev())
    told = [(fields["k"], json.loads(fields["b"]).get("alarm", "")) for _, fields in entries]
    return [one for one in told if one[0].startswith("alarm.")]


async def test_a_crossing_is_told_once_by_whichever_clock_saw_it_first(live: Redis, engine: Engine) -> None:
    hotline, sent = Hotline(live), Sent()
    one, other = (alarms(hotline, live, engine, sent) for _ in range(2))
    await hotline.seat("u_1", "李明")
    for n in (1, 2, 3):
        await hotline.ring(n)
        await hotline.wait(n)
    for _ in range(3):
        await one.check()
        await other.check()
    await one.settle()
    assert (await kinds(live)).count(("alarm.raised", "queue")) == 1
    assert [(m["state"], m["value"], m["limit"]) for m in sent.messages] == [("raised", 3, 1)]
    ringing = json.loads(await live.hget(ALARMS, "queue") or "")
    assert (ringing["measure"], ringing["sound"]) == ("waiting", True)
    for n in (2, 3):
        await hotline.hang_up(n)
    await other.check()
    await one.check()
    await other.settle()
    assert (await kinds(live)).count(("alarm.cleared", "queue")) == 1
    assert sent.messages[-1]["state"] == "cleared"
    assert not await live.hexists(ALARMS, "queue")


async def test_what_the_escalation_rings_is_left_to_it(live: Redis, engine: Engine) -> None:
    hotline = Hotline(live)
    await live.hset(ALARMS, "promise.supervisor", "{}")
    await live.hset(ALARMS, "of_an_older_file", "{}")
    await alarms(hotline, live, engine, Sent()).check()
    assert "promise.supervisor" in await live.hkeys(ALARMS)
    assert "of_an_older_file" not in await live.hkeys(ALARMS)


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 3)), max_size=40))
def test_an_alarm_rings_only_after_it_held_and_raises_and_clears_take_turns(
    moments: list[tuple[int, int]],
) -> None:
    watch, ringing, now = Watch(RULES), set[str](), 0
    held_since: int | None = None
    for step, value in moments:
        now += step
        held_since = (now if held_since is None else held_since) if value > 0 else None
        for crossing in watch.look({"waiting": value}, frozenset(ringing), now):
            assert crossing.raised is (crossing.alarm not in ringing)
            if crossing.alarm == "slow" and crossing.raised:
                assert held_since is not None
                assert now - held_since >= 10_000
            (ringing.add if crossing.raised else ringing.remove)(crossing.alarm)
        assert ("queue" in ringing) is (value > 1)
        assert ("slow" in ringing) is (held_since is not None and now - held_since >= 10_000)
        assert "free" not in ringing, "a figure that nobody knows rings nothing"


async def test_the_figures_are_those_of_the_board(live: Redis) -> None:
    hotline = Hotline(live)
    await hotline.seat("u_1", "李明")
    for n in (1, 2, 3):
        await hotline.ring(n)
        await hotline.wait(n)
    await hotline.hang_up(3)
    snapshot = await hotline.snapshot()
    row = {
        "id": f"k_{contact(3)[2:]}",
        "demand": "d",
        "contact": contact(3),
        "number_masked": "",
        "reason": "abandoned",
        "opened_at_ms": 1,
        "due_ms": 2,
    }
    health = {
        "clock": {"state": "running", "at_ms": "1"},
        "ledger": {},
        "carrier": {"state": "stuck", "at_ms": "9"},
    }
    books = Books(callbacks=[row], counts={"answered": 18, "missed": 2, "in_time": 19, "breached": 4})
    seen = view_of(snapshot, books, Signs(health))
    found = measures(seen, hotline.clock.now_ms() + 5000, load_alarms())
    assert found["waiting"] == 2
    assert found["longest_wait_s"] >= 5
    assert (found["breached"], found["late_callbacks"], found["answered_percent"]) == (4, 1, 95)
    assert found["stuck_parts"] == 2
    assert found["unattended"] == 0
    few = Books(counts={"answered": 1, "missed": 1, "in_time": 0})
    assert "answered_percent" not in measures(view_of(snapshot, few, Signs()), 0, load_alarms())


async def test_with_nobody_on_duty_every_caller_who_found_nobody_rings(live: Redis) -> None:
    hotline = Hotline(live)
    await hotline.ring(1)
    await hotline.wait(1)
    row = {"demand": "d", "contact": contact(2), "number_masked": "", "opened_at_ms": 1, "due_ms": 2}
    why = ("nobody_on_duty", "voicemail", "abandoned")
    books = Books(callbacks=[{**row, "id": f"k_{reason}", "reason": reason} for reason in why])

    async def unattended() -> float:
        return measures(view_of(await hotline.snapshot(), books, Signs()), 0, load_alarms())["unattended"]

    assert await unattended() == 3
    await hotline.seat("u_1", "李明")
    assert await unattended() == 0


@pytest.mark.parametrize("limits", [{}, {"above": 1, "below": 2}])
def test_an_alarm_has_exactly_one_limit(limits: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Alarm(measure="waiting", level="breach", **limits)  # type: ignore[arg-type]


async def test_a_webhook_that_fails_is_asked_again() -> None:
    got: list[dict[str, Any]] = []

    async def hook(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=500 if len(got) == 1 else 200)

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    messengers = Messengers(webhook=f"http://127.0.0.1:{port}/hook", board="http://x/board", texts=TEXTS)
    await messengers.send(MESSAGE)
    await runner.cleanup()
    assert len(got) == 2
    assert got[1]["text"].startswith("安心12348 告警：排队 3 人，超过 1 人")
    assert got[1]["board"] == "http://x/board"


async def test_an_e_mail_reaches_a_mail_server() -> None:
    """A server that says as much of SMTP as a letter needs."""
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        data = False
        while line := (await reader.readline()).decode():
            heard.append(line.strip())
            if data:
                data = line != ".\r\n"
                reply = b"" if data else b"250 kept\r\n"
            elif line.upper().startswith("DATA"):
                data, reply = True, b"354 go on\r\n"
            else:
                reply = b"221 bye\r\n" if line.upper().startswith("QUIT") else b"250 fine\r\n"
            writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mail = Mail(f"smtp://127.0.0.1:{port}", "alarm@example.cn", ("a@example.cn", "b@example.cn"))
    async with server:
        await Messengers(mail=mail, texts=TEXTS).send(MESSAGE)
    assert "mail FROM:<alarm@example.cn>" in [line.split(" size")[0] for line in heard]
    assert sum(line.startswith("rcpt TO:") for line in heard) == 2
    assert any(line.startswith("Subject:") for line in heard)
