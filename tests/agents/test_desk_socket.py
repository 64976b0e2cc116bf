"""The desk's websocket: state goes out, actions come in, and only one tab is the desk."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from agents.accounts import principal_of
from agents.notes import Draft
from config import notices
from config.auth import Principal
from routing.events import Fact
from routing.ports import Contact, ContactState, LawyerState

from .office import CONTACT, Office, serving

SOON = 5.0


@dataclass
class Page:
    """A desk's page, as far as its socket goes."""

    socket: ClientConnection
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the next message that is *wanted*."""
        async with asyncio.timeout(SOON):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                self.heard.append(message)
                if wanted(message):
                    return message

    async def kind(self, kind: str) -> dict[str, Any]:
        return await self.until(lambda message: message["type"] == kind)

    async def state(self, state: str) -> dict[str, Any]:
        return await self.until(lambda message: (message.get("lawyer") or {}).get("state") == state)

    async def closed(self) -> int:
        """Return the close code."""
        async with asyncio.timeout(SOON):
            try:
                while True:
                    self.heard.append(json.loads(await self.socket.recv()))
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006


@dataclass
class Site:
    office: Office
    port: int
    principal: Principal
    token: str

    @asynccontextmanager
    async def page(
        self, tab: str = "tab-one-1", *, takeover: bool = False, token: str = "", origin: str = ""
    ) -> AsyncIterator[Page]:
        url = f"ws://localhost:{self.port}/desk/ws?tab={tab}" + ("&takeover=1" if takeover else "")
        headers = {"Cookie": f"anxin={token or self.token}"}
        where = origin or f"http://localhost:{self.port}"
        async with connect(url, additional_headers=headers, origin=where, close_timeout=1) as socket:
            yield Page(socket)

    @property
    def lawyer(self) -> str:
        return self.principal.lawyer_id


@pytest.fixture
async def site(office: Office) -> AsyncIterator[Site]:
    account, _ = office.accounts.add("lijing", "李静", "lawyer", must_change=False, prefecture="昆明市")
    principal = principal_of(account)
    token = await office.auth.sessions.open(principal)
    async with serving(office.app) as port:
        yield Site(office, port, principal, token)


def caller() -> Contact:
    return Contact(
        CONTACT, ContactState.OFFERED, "d_1", "+8613800002210", "12348", "pstn", "昆明市", 1, 1_000
    )


async def test_a_desk_signs_its_lawyer_in_and_starts_with_a_snapshot(site: Site) -> None:
    async with site.page() as page:
        snapshot = await page.kind("snapshot")
    assert snapshot["lawyer"]["name"] == "李静"
    assert snapshot["contact"] is None
    assert ("sign_in", site.lawyer) in site.office.switchboard.calls


async def test_a_reload_does_not_sign_in_again(site: Site) -> None:
    for _ in range(2):
        async with site.page() as page:
            await page.kind("snapshot")
    assert site.office.switchboard.calls.count(("sign_in", site.lawyer)) == 1


async def test_it_beats_every_second_with_the_queue(site: Site) -> None:
    async with site.page() as page:
        first = await page.kind("beat")
        assert (await page.kind("queue"))["waiting"] == 0
        second = await page.kind("beat")
    assert 500 <= second["at_ms"] - first["at_ms"] <= 3000


async def test_a_fact_about_the_lawyer_brings_the_state_as_it_is(site: Site) -> None:
    async with site.page() as page:
        await page.kind("snapshot")
        await site.office.switchboard.offer(site.lawyer, caller())
        offered = await page.state("offered")
    assert offered["contact"]["number"] == "138****2210"
    assert offered["fact"]["kind"] == "contact.offered"
    assert "13800002210" not in json.dumps(page.heard)


async def test_a_notice_to_everybody_reaches_open_desks_and_those_that_open_later(
    site: Site, redis: Redis
) -> None:
    now_ms = site.office.switchboard.clock.now_ms()
    async with site.page() as page:
        await page.kind("snapshot")
        fact = Fact("notice.broadcast", now_ms, body={"text": "15:00 检修", "by": "赵敏"})
        await site.office.switchboard.record(fact)
        assert (await page.kind("broadcast"))["text"] == "15:00 检修"
    await notices.write(redis, "15:00 检修", now_ms + 60_000, "赵敏")
    async with site.page() as page:
        assert (await page.kind("broadcast"))["by"] == "赵敏"
    await notices.write(redis, "", 0, "赵敏")
    assert await notices.read(redis) == {}


async def test_a_talk_begins_the_note_that_says_whose_contact_it_is(site: Site) -> None:
    async with site.page() as page:
        await page.kind("snapshot")
        await site.office.switchboard.offer(site.lawyer, caller())
        await site.office.switchboard.talk(site.lawyer, CONTACT)
        await page.state("talking")
    assert site.office.notes.find(CONTACT, site.lawyer) is not None


async def test_a_transcript_is_announced_after_the_call(site: Site) -> None:
    async with site.page() as page:
        await page.kind("snapshot")
        await site.office.switchboard.record(Fact("transcript.ready", 1, CONTACT))
        assert await page.kind("draft") == {"type": "draft", "contact": CONTACT, "kind": "transcript.ready"}


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ({"type": "ready"}, ("ready",)),
        ({"type": "away", "reason": "meal"}, ("away", "meal")),
        ({"type": "reject"}, ("reject",)),
        ({"type": "hangup"}, ("lawyer_hangs_up",)),
        ({"type": "hold", "held": True}, ("hold", True)),
        ({"type": "wrapup_end"}, ("wrapup_end",)),
    ],
)
async def test_each_button_reaches_the_switchboard(
    site: Site, message: dict[str, Any], call: tuple[Any, ...]
) -> None:
    async with site.page() as page:
        await page.kind("snapshot")
        await page.socket.send(json.dumps({**message, "id": 5}))
        assert (await page.kind("done"))["id"] == 5
    name, *rest = call
    assert (name, site.lawyer, *rest) in site.office.switchboard.calls


async def test_an_accepted_call_is_told_at_once(site: Site) -> None:
    async with site.page() as page:
        await page.kind("snapshot")
        await site.office.switchboard.offer(site.lawyer, caller())
        await page.say("accepted", contact=CONTACT, id=1)
        await page.state("talking")
    assert ("leg_answered", CONTACT, site.lawyer) in site.office.switchboard.calls


async def test_the_end_of_the_wrapup_seals_the_note_and_tells_it_without_its_text(site: Site) -> None:
    board = site.office.switchboard
    async with site.page() as page:
        await page.kind("snapshot")
        await board.offer(site.lawyer, caller())
        await board.talk(site.lawyer, CONTACT)
        await page.state("talking")
        site.office.notes.save(CONTACT, site.lawyer, Draft("欠薪", 0, "tab-one-1", 1))
        await page.say("wrapup_end", id=2)
        await page.kind("done")
    assert ("record", "note.saved", CONTACT) in board.calls
    later = site.office.notes.save(CONTACT, site.lawyer, Draft("补充", 1, "tab-one-1", 2))
    assert later.version == 2


async def test_the_heartbeat_carries_the_phone(site: Site) -> None:
    async with site.page() as page:
        await page.kind("snapshot")
        await page.say("heartbeat", registered=True, talking=CONTACT)
        await page.say("ready", id=1)  # answered after the heartbeat: the socket is in order
        await page.kind("done")
    assert ("heartbeat", site.lawyer, True, CONTACT) in site.office.switchboard.calls


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"type":"fly"}', '{"type":"away","reason":"<b>"}', '{"type":"ready","x":1}', "x" * 5000],
)
async def test_nonsense_is_refused_and_the_desk_goes_on(site: Site, text: str) -> None:
    async with site.page() as page:
        await page.kind("snapshot")
        await page.socket.send(text)
        assert (await page.kind("refused"))["code"] == "bad-input"
        await page.say("ready", id=9)
        assert (await page.kind("done"))["id"] == 9


async def test_a_second_tab_must_ask_and_the_first_is_told(site: Site) -> None:
    async with site.page("tab-one-1") as first:
        await first.kind("snapshot")
        async with site.page("tab-two-2") as second:
            assert (await second.kind("elsewhere")) == {"type": "elsewhere"}
            assert await second.closed() == 4409
        async with site.page("tab-two-2", takeover=True) as second:
            await second.kind("snapshot")
            assert await first.closed() == 4409
            assert {"type": "taken_over"} in first.heard


async def test_a_tab_that_another_process_took_over_may_not_act(site: Site, redis: Redis) -> None:
    async with site.page("tab-one-1") as page:
        await page.kind("snapshot")
        await redis.set(f"desk:tab:{site.lawyer}", "tab-of-another-process")
        await page.say("heartbeat", registered=True)
        assert await page.closed() == 4409


async def test_a_closed_tab_frees_the_desk(site: Site, redis: Redis) -> None:
    async with site.page("tab-one-1") as page:
        await page.kind("snapshot")
    async with asyncio.timeout(SOON):
        while await redis.exists(f"desk:tab:{site.lawyer}"):
            await asyncio.sleep(0.01)
    async with site.page("tab-two-2") as page:
        await page.kind("snapshot")


async def test_another_site_cannot_open_a_lawyers_desk(site: Site) -> None:
    """Cross-site websocket hijacking: the cookie comes along, the origin gives it away."""
    async with site.page(origin="https://evil.example") as page:
        assert await page.closed() == 4403


async def test_without_a_session_there_is_no_desk(site: Site) -> None:
    async with site.page(token="guessed") as page:
        assert await page.closed() == 4401


async def test_an_administrator_has_no_desk(site: Site) -> None:
    account, _ = site.office.accounts.add("admin", "管理员", "province_admin", must_change=False)
    token = await site.office.auth.sessions.open(principal_of(account))
    async with site.page(token=token) as page:
        assert await page.closed() == 4403


async def test_a_disabled_account_has_no_desk_even_with_a_session(site: Site) -> None:
    site.office.accounts.set_active("lijing", False)
    async with site.page() as page:
        assert await page.closed() == 4401


async def test_an_ended_session_closes_an_idle_desk(site: Site) -> None:
    async with site.page() as page:
        await page.kind("snapshot")
        await site.office.auth.sessions.close(site.token)
        await page.say("heartbeat", registered=True)
        assert await page.closed() == 4401


async def test_an_ended_session_never_cuts_a_talk(site: Site) -> None:
    async with site.page() as page:
        await page.kind("snapshot")
        await site.office.switchboard.become(
            site.lawyer, "contact.accepted", state=LawyerState.TALKING, contact=CONTACT
        )
        await site.office.auth.sessions.close(site.token)
        await page.say("heartbeat", registered=True, talking=CONTACT)
        assert (await page.kind("notice"))["code"] == "session-ended"
        await page.kind("beat")
    assert ("heartbeat", site.lawyer, True, CONTACT) in site.office.switchboard.calls
