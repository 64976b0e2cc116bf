"""Any moment of the board, from the ledger alone."""

from sqlalchemy import Engine

from config.clock import SystemClock
from config.ids import demand_of
from config.redis import HotlineRedis, open_sync_redis
from routing.events import Fact
from routing.keys import ev
from sla import queries
from sla.demands import DAY_MS, Rules
from sla.past import board_at
from sla.view import Signs, View, view_of
from sla.writer import LedgerWriter

from .lives import T0, abandoned, answered, contact
from .office import Hotline

ANSWER_MS = 15_000
SECTIONS = ("contacts", "lawyers", "demands", "callbacks", "tiles")


def parts(view: View) -> View:
    return {name: view[name] for name in SECTIONS}


async def test_the_ledger_tells_what_the_board_showed_at_each_moment(
    live: HotlineRedis, valkey: str, sqlite: Engine, rules: Rules
):
    """A day with every kind of life; after each step the live board is kept, and later found again."""
    hotline, clock = Hotline(live), SystemClock()
    client = open_sync_redis(valkey)
    writer = LedgerWriter(client, sqlite, rules)
    shown: list[tuple[int, str, View]] = []

    async def keep() -> None:
        writer.drain()
        for scope in ("", "昆明市", "大理白族自治州"):
            at_ms = clock.now_ms()
            books = queries.books(sqlite, now_ms=at_ms, answer_ms=ANSWER_MS, scope=scope)
            live = view_of(await hotline.snapshot(), books, Signs(), scope=scope)
            shown.append((at_ms, scope, parts(live)))
        while clock.now_ms() <= shown[-1][0]:  # the next fact is of a later millisecond
            pass

    await keep()
    await hotline.seat("u_1", "李明")
    await hotline.ring(1)
    await keep()
    await hotline.wait(1)
    await keep()
    await hotline.talk(1, "u_1")
    await hotline.ring(2, prefecture="大理白族自治州")
    await hotline.wait(2)
    await keep()
    await hotline.hang_up(2)
    await hotline.hang_up(1)
    await keep()
    await hotline.ring(3)
    signed = {"demand": demand_of(contact(2)), "reason": "spam", "by": "王"}
    await hotline.record(Fact("demand.excluded", clock.now_ms(), contact(2), body=signed))
    await hotline.sign_out("u_1")
    await keep()

    for at_ms, scope, seen in shown:
        assert parts(board_at(sqlite, at_ms, answer_ms=ANSWER_MS, scope=scope)) == seen
    assert any(seen["contacts"] for _, _, seen in shown)
    assert any(live["callbacks"] for _, _, live in shown)
    assert any(live["demands"] for _, scope, live in shown if scope == "大理白族自治州")
    client.close()


async def test_what_has_been_owed_for_weeks_is_still_shown(
    live: HotlineRedis, valkey: str, sqlite: Engine, rules: Rules
):
    """Facts of the past, under stream ids of the past."""
    client = open_sync_redis(valkey)
    facts = [*abandoned(1), *answered(2), *abandoned(3, T0 + 30 * DAY_MS)]
    for fact in sorted(facts, key=lambda fact: fact.at_ms):
        client.xadd(ev(), fact.to_fields(), id=f"{fact.at_ms}-*")  # type: ignore[arg-type]
    LedgerWriter(client, sqlite, rules).drain()
    later = T0 + 30 * DAY_MS + 3_600_000
    books = queries.books(sqlite, now_ms=later, answer_ms=ANSWER_MS)
    past = board_at(sqlite, later, answer_ms=ANSWER_MS)
    assert past["tiles"]["today"] == books.counts
    assert set(past["callbacks"]) == {str(row["id"]) for row in books.callbacks}
    assert len(past["callbacks"]) == 2
    before = board_at(sqlite, T0 + 3_600_000, answer_ms=ANSWER_MS)
    assert before["tiles"]["today"]["arrived"] == 2
    assert len(before["callbacks"]) == 1
    assert board_at(sqlite, T0 - 1, answer_ms=ANSWER_MS)["tiles"]["today"]["open"] == 0
    client.close()
