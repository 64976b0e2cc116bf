"""The board: snapshot, changes and beats over one socket; what a supervisor signs; a contact's time line."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, WSMsgType
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisGone
from sqlalchemy import Engine

from config.ids import demand_of
from config.pages import Pages
from config.redis import open_redis, open_sync_redis
from routing import events
from routing.events import Fact
from sla import ledger, queries
from sla.demands import Rules
from sla.view import View, change
from sla.writer import LedgerWriter

from .lives import accepted, arrived, contact, done, measured
from .office import NODE_MODULES, Office, open_office, serving

D1 = demand_of(contact(1))


class Guest:
    """A browser as far as the board can tell."""

    def __init__(self, session: ClientSession, origin: str) -> None:
        self.session, self.origin = session, origin
        self.csrf = ""

    async def page(self, path: str) -> str:
        async with self.session.get(self.origin + path, headers={"accept": "text/html"}) as answer:
            assert answer.status == 200, await answer.text()
            html = await answer.text()
        found = re.search(r'name="csrf" content="(\w*)"', html)
        self.csrf = found[1] if found else ""
        return html

    async def post(self, path: str, body: object, csrf: str | None = None) -> int:
        headers = {"x-csrf-token": self.csrf if csrf is None else csrf}
        async with self.session.post(self.origin + path, json=body, headers=headers) as answer:
            return answer.status

    def live(self, origin: str = "") -> Any:
        return self.session.ws_connect(self.origin + "/board/ws", headers={"origin": origin or self.origin})


@asynccontextmanager
async def visiting(
    valkey: str, sqlite: Engine, role: str = "supervisor"
) -> AsyncIterator[tuple[Office, Guest]]:
    redis = open_redis(valkey)
    await redis.flushall()
    office = open_office(redis, sqlite)
    async with serving(office.app) as port, ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        guest = Guest(session, f"http://127.0.0.1:{port}")
        if role:
            await session.get(f"{guest.origin}/in/{role}")
        yield office, guest
    await redis.aclose()


async def heard(socket: ClientWebSocketResponse, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the first message that is wanted."""
    async with asyncio.timeout(15):
        while True:
            message = json.loads(await socket.receive_str())
            if wanted(message):
                return message


def told(message: dict[str, Any], section: str = "contacts") -> dict[str, Any]:
    """Return the records of a section that a message sets."""
    records: dict[str, Any] = message.get("set", {}).get(section, {})
    return records


def drain(valkey: str, sqlite: Engine, rules: Rules) -> None:
    client = open_sync_redis(valkey)
    LedgerWriter(client, sqlite, rules).drain()
    client.close()


async def test_a_board_gets_a_snapshot_then_each_change_and_a_beat(valkey: str, sqlite: Engine):
    async with visiting(valkey, sqlite) as (office, guest), guest.live() as socket:
        first = await heard(socket, lambda m: True)
        assert first["type"] == "snapshot"
        assert first["view"]["contacts"] == {}
        await office.hotline.ring(1)
        change = await heard(socket, lambda m: contact(1) in told(m))
        record = change["set"]["contacts"][contact(1)]
        assert (record["state"], record["caller"]) == ("menu", "138****0001")
        await office.hotline.wait(1)
        await heard(
            socket,
            lambda m: told(m).get(contact(1), {}).get("state") == "waiting",
        )
        await office.hotline.seat("u_1", "李明")
        ringing = await heard(socket, lambda m: "u_1" in told(m, "lawyers"))
        assert ringing["set"]["lawyers"]["u_1"]["name"] == "李明"
        await office.hotline.hang_up(1)
        gone = await heard(socket, lambda m: m.get("gone"))
        assert gone["gone"]["contacts"] == [contact(1)]
        await heard(socket, lambda m: m["type"] == "beat")


async def test_open_demands_and_call_backs_appear_once_the_ledger_has_them(
    valkey: str, sqlite: Engine, rules: Rules
):
    async with visiting(valkey, sqlite) as (office, guest), guest.live() as socket:
        await heard(socket, lambda m: m["type"] == "snapshot")
        await office.hotline.ring(1)
        await office.hotline.hang_up(1)
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        message = await heard(socket, lambda m: D1 in told(m, "demands"))
        assert message["set"]["demands"][D1]["reason"] == "callback_due"
        assert [row["demand"] for row in message["set"]["callbacks"].values()] == [D1]
        assert message["set"]["tiles"]["today"]["open"] == 1


async def test_without_a_look_that_succeeds_no_beat_goes_out(valkey: str, sqlite: Engine):
    """A beat means: what you see is true now. A queue nobody can read must not look like a quiet one."""
    async with visiting(valkey, sqlite) as (office, guest), guest.live() as socket:
        await heard(socket, lambda m: m["type"] == "beat")
        office.hotline.blind = RedisGone("gone")
        looks = office.hotline.looks
        await until(lambda: office.hotline.looks >= looks + 15)  # more than a second of failed looks
        received = asyncio.ensure_future(socket.receive_str())
        await asyncio.wait([received], timeout=0.3)
        before = 0
        while received.done() and before < 3:  # what was under way when it went blind
            before += 1
            received = asyncio.ensure_future(socket.receive_str())
            await asyncio.wait([received], timeout=0.3)
        assert not received.done()
        office.hotline.blind = None
        async with asyncio.timeout(10):
            assert json.loads(await received)["type"] in ("beat", "change")


async def test_a_slow_viewer_gets_a_snapshot_instead_of_a_backlog(valkey: str, sqlite: Engine):
    async with visiting(valkey, sqlite) as (office, guest), guest.live() as socket:
        for n in range(1, 60):
            await office.hotline.ring(n)
            await asyncio.sleep(0)
        seen: set[str] = set()
        while len(seen) < 59:
            message = await heard(socket, lambda m: m["type"] != "beat")
            seen |= set((message.get("view") or message.get("set") or {}).get("contacts", {}))


@pytest.mark.parametrize(
    ("role", "origin", "code"), [("", "", 4401), ("supervisor", "http://evil.example", 4403)]
)
async def test_a_feed_is_refused_to_strangers_and_to_other_sites(
    valkey: str, sqlite: Engine, role: str, origin: str, code: int
):
    async with visiting(valkey, sqlite, role) as (_, guest), guest.live(origin) as socket:
        async with asyncio.timeout(10):
            message = await socket.receive()
        assert message.type is WSMsgType.CLOSE
        assert message.data == code


async def test_a_lawyer_may_look_and_may_not_sign(valkey: str, sqlite: Engine, rules: Rules):
    async with visiting(valkey, sqlite, "lawyer") as (office, guest):
        html = await guest.page("/board")
        assert '"may_sign":false' in html
        await office.hotline.record(arrived(1))
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        body = {"reason": "spam", "signature": "值班长王"}
        assert await guest.post(f"/board/demands/{D1}/exclude", body) == 403


async def test_a_supervisor_excludes_a_demand_with_reason_and_signature(
    valkey: str, sqlite: Engine, rules: Rules
):
    async with visiting(valkey, sqlite) as (office, guest):
        await guest.page("/board")
        await office.hotline.ring(1)
        await office.hotline.hang_up(1)
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        path, signed = (
            f"/board/demands/{D1}/exclude",
            {"reason": "spam", "note": "广告", "signature": "值班长王"},
        )
        assert await guest.post(path, signed, csrf="forged") == 403
        assert await guest.post(path, {**signed, "signature": "王"}) == 422
        assert await guest.post(path, {**signed, "reason": "因为"}) == 422
        assert await guest.post(f"/board/demands/{demand_of(contact(9))}/exclude", signed) == 404
        assert queries.demand_row(sqlite, D1).state == "open"  # type: ignore[union-attr]
        assert await guest.post(path, signed) == 202
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        assert queries.demand_row(sqlite, D1).state == "excluded"  # type: ignore[union-attr]
        assert await guest.post(path, signed) == 409
        written = [e.fact() for e in ledger.read(sqlite) if e.kind == "demand.excluded"]
        assert [(f.body["by"], f.body["account"], f.body["note"]) for f in written] == [
            ("值班长王", "u_7", "广告")
        ]


async def test_a_signed_call_back_leaves_the_queue_and_the_demand_stays_open(
    valkey: str, sqlite: Engine, rules: Rules
):
    async with visiting(valkey, sqlite) as (office, guest):
        await guest.page("/board")
        await office.hotline.ring(1)
        await office.hotline.hang_up(1)
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        (promised,) = (await office.hotline.snapshot()).callbacks
        path = f"/board/callbacks/{promised['id']}/sign"
        assert await guest.post(path, {"reason": "", "signature": "值班长王"}) == 422
        assert await guest.post(path, {"reason": "空号", "signature": "值班长王"}) == 202
        assert not (await office.hotline.snapshot()).callbacks
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        row = queries.demand_row(sqlite, D1)
        assert row is not None
        assert (row.state, row.reason) == ("open", "abandoned")
        assert await guest.post(path, {"reason": "空号", "signature": "值班长王"}) == 409


async def test_the_time_line_tells_every_fact_in_words_and_never_a_whole_number(
    valkey: str, sqlite: Engine, rules: Rules
):
    async with visiting(valkey, sqlite) as (office, guest):
        hostile = Fact(
            "offer.rejected", 1_764_000_001_000, contact(1), "u_1", {"reason": "<script>x</script>"}
        )
        unknown = Fact("contact.teleported", 1_764_000_002_000, contact(1))
        for fact in [arrived(1), hostile, unknown, accepted(1), done(1, 30_000), measured(1, 5, 6)]:
            await office.hotline.record(fact)
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        html = await guest.page(f"/board/contacts/{contact(1)}")
        for words in (
            "138****0001 来电（电话，昆明），第 1 次来电",
            "诉求闭环：与律师双向通话 30.0 秒",
            "contact.teleported",
        ):
            assert words in html
        assert "13800000001" not in html
        assert "<script>x" not in html
        english = await guest.page(f"/board/contacts/{contact(1)}?lang=en")
        assert "Demand closed: two-way talk of 30.0 s" in english
        async with guest.session.get(f"{guest.origin}/board/contacts/{contact(5)}") as answer:
            assert answer.status == 404


async def test_supervisors_decide_about_contacts_and_lawyers_and_the_ledger_says_who(
    valkey: str, sqlite: Engine, rules: Rules
):
    async with visiting(valkey, sqlite) as (office, guest):
        await guest.page("/board")
        hotline, one = office.hotline, f"/board/contacts/{contact(1)}"
        why = {"reason": "来电人等不及"}
        await hotline.ring(1)
        await hotline.wait(1)
        assert await guest.post(f"{one}/priority", {**why, "priority": "safety"}) == 202
        assert await guest.post(f"{one}/priority", {**why, "priority": "vip"}) == 422
        assert await guest.post(f"{one}/priority", {"reason": " ", "priority": "safety"}) == 422
        assert await guest.post(f"{one}/reassign", why) == 409
        await hotline.seat("u_1", "李明")
        assert await guest.post(f"{one}/supervise", {"mode": "listen"}) == 409
        await hotline.talk(1, "u_1")
        for mode in ("listen", "whisper", "barge", "take_over", "leave"):
            assert await guest.post(f"{one}/supervise", {"mode": mode}) == 202
        assert [asked[1:3] for asked in hotline.carrier.did("supervise")] == [
            ("s_7", mode) for mode in ("listen", "whisper", "barge", "take_over")
        ]
        assert hotline.carrier.did("leave_room") == [(contact(1), "s_7")]
        assert await guest.post("/board/lawyers/u_1/status", {**why, "status": "away"}) == 202
        assert await guest.post("/board/lawyers/u_9/status", {**why, "status": "away"}) == 404
        assert await guest.post("/board/notice", {"text": "检修", "minutes": 5}) == 202
        async with guest.live() as socket:
            first = await heard(socket, lambda m: m["type"] == "snapshot")
        assert first["view"]["notice"]["now"]["text"] == "检修"
        assert await guest.post("/board/notice", {"text": ""}) == 202
        async with guest.live() as socket:
            first = await heard(socket, lambda m: m["type"] == "snapshot")
        assert first["view"]["notice"] == {}
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        told = {
            e.kind: e.fact() for e in ledger.read(sqlite) if e.kind.startswith(("supervisor.", "notice."))
        }
        assert set(told) == {
            "supervisor.reprioritised", "supervisor.listening", "supervisor.whispering", "supervisor.barged",
            "supervisor.took_over", "supervisor.forced", "notice.broadcast",
        }  # fmt: skip
        assert {fact.body["by"] for fact in told.values()} == {"值班长王"}
        assert told["supervisor.listening"].lawyer == ""
        assert told["supervisor.whispering"].lawyer == "u_1"


@pytest.mark.parametrize("role", ["lawyer", "auditor"])
async def test_only_deciders_decide(valkey: str, sqlite: Engine, role: str):
    async with visiting(valkey, sqlite, role) as (office, guest):
        await guest.page("/board")
        await office.hotline.ring(1)
        why, one = {"reason": "x"}, f"/board/contacts/{contact(1)}"
        refused = [
            await guest.post(f"{one}/priority", {**why, "priority": "safety"}),
            await guest.post(f"{one}/reassign", why),
            await guest.post(f"{one}/supervise", {"mode": "listen"}),
            await guest.post("/board/lawyers/u_1/status", {**why, "status": "away"}),
            await guest.post("/board/notice", {"text": "x"}),
            await guest.post("/board/token", {}),
            await guest.post("/board/callbacks/k_1/dial", why),
        ]
        assert refused == [403] * 7


async def test_who_sees_one_prefecture_sees_nothing_of_another(valkey: str, sqlite: Engine, rules: Rules):
    async with visiting(valkey, sqlite, role="") as (office, guest):
        await guest.session.get(f"{guest.origin}/in/prefecture_admin?prefecture=大理白族自治州")
        hotline = office.hotline
        await hotline.ring(1, prefecture="昆明市")
        await hotline.ring(2, prefecture="大理白族自治州")
        await hotline.ring(3, prefecture="昆明市")
        await hotline.hang_up(3)
        await hotline.seat("u_1", "李明", "昆明市")
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        async with guest.live() as socket:
            first = await heard(socket, lambda m: m["type"] == "snapshot")
        view = first["view"]
        assert set(view["contacts"]) == {contact(2)}
        assert view["lawyers"] == view["demands"] == view["callbacks"] == {}
        assert view["tiles"]["today"]["open"] == 1
        assert set(view["prefectures"]) == {"大理白族自治州"}
        await guest.page(f"/board/contacts/{contact(2)}")
        assert "138****0003" not in await guest.page("/board/demands")
        for path in (f"/board/contacts/{contact(3)}", f"/board/demands/{demand_of(contact(3))}"):
            async with guest.session.get(guest.origin + path) as answer:
                assert answer.status == 404, path
        why = {"reason": "x"}
        signed = {"reason": "spam", "signature": "值班长王"}
        foreign = demand_of(contact(3))
        assert (
            await guest.post(f"/board/contacts/{contact(1)}/priority", {**why, "priority": "safety"}) == 404
        )
        assert await guest.post("/board/lawyers/u_1/status", {**why, "status": "away"}) == 404
        assert await guest.post(f"/board/demands/{foreign}/exclude", signed) == 404
        assert await guest.post(f"/board/callbacks/k_{contact(3)[2:]}/dial", why) == 404


async def test_a_lawyer_sees_the_time_lines_of_their_own_contacts_alone(
    valkey: str, sqlite: Engine, rules: Rules
):
    async with visiting(valkey, sqlite, "lawyer") as (office, guest):
        for fact in [arrived(1), accepted(1, lawyer="u_7"), arrived(2), accepted(2, lawyer="u_8")]:
            await office.hotline.record(fact)
        await asyncio.to_thread(drain, valkey, sqlite, rules)
        await guest.page(f"/board/contacts/{contact(1)}")
        async with guest.session.get(f"{guest.origin}/board/contacts/{contact(2)}") as answer:
            assert answer.status == 404


def test_every_kind_of_fact_has_a_sentence():
    """The kinds are those that routing.events names; a time line must not show their names to people."""
    text = events.__doc__ or ""
    kinds = set(re.findall(r"\b[a-z_]+\.[a-z_]+\b", text.partition("holds (times")[2]))
    t = Pages(NODE_MODULES).catalogues.language("zh-CN")
    assert len(kinds) > 50
    assert sorted(kind for kind in kinds if f"board.fact_{kind.replace('.', '_')}" not in t.texts) == []


RECORDS = st.dictionaries(st.sampled_from("abc"), st.fixed_dictionaries({"n": st.integers(0, 2)}))
VIEWS = st.fixed_dictionaries({"contacts": RECORDS, "lawyers": RECORDS})


@given(VIEWS, VIEWS)
def test_a_view_and_its_change_make_the_next_view(old: View, new: View):
    """What the page does with a change message."""
    message = change(old, new)
    view = {name: dict(section) for name, section in old.items()}
    for name, records in message.get("set", {}).items():
        view[name] |= records
    for name, ids in message.get("gone", {}).items():
        for id_ in ids:
            del view[name][id_]
    assert view == new


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not holds():
            await asyncio.sleep(0.02)
