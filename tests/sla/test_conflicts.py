"""Which lawyers may not be offered a caller: those who advised the employer that their demands name."""

from collections.abc import Callable

from sqlalchemy import Engine

from anxin.readers import CallerHistory
from config.redis import HotlineRedis
from routing.events import Fact

from .lives import T0, accepted, arrived, contact, done
from .office import Hotline

SITE, OTHER = "5e" * 8, "0f" * 8
WORKER, NEW = "+8613800000001", "+8613800000009"


async def advise(hotline: Hotline, n: int, lawyer: str, category: str, site: str) -> None:
    """Somebody talked with a lawyer, who signed whom it was about."""
    body = {"employer": site, "caller_category": category}
    signed = Fact("summary.signed", T0 + 90_000, contact(n), lawyer, body)
    for fact in (arrived(n), accepted(n, lawyer=lawyer), done(n, 40_000, lawyer=lawyer), signed):
        await hotline.record(fact)


async def test_who_advised_the_employer_is_in_conflict_and_nobody_else(
    live: HotlineRedis, sqlite: Engine, write: Callable[[], None]
) -> None:
    hotline, history = Hotline(live), CallerHistory(sqlite)
    await advise(hotline, 1, "u_1", "migrant_worker", SITE)
    await advise(hotline, 2, "u_2", "employer", SITE)
    await advise(hotline, 3, "u_3", "employer", OTHER)
    await advise(hotline, 4, "u_4", "migrant_worker", SITE)
    write()
    worker = await history.earlier(WORKER)
    assert (worker.lawyer, worker.conflicts) == ("u_1", ("u_2",))
    assert (await history.earlier(NEW)).conflicts == ()
    assert (await history.earlier("+8613800000002")).conflicts == (), "the employer meets their own lawyer"


async def test_the_lawyer_of_the_matter_who_has_since_advised_the_employer_is_not_preferred(
    live: HotlineRedis, sqlite: Engine, write: Callable[[], None]
) -> None:
    hotline = Hotline(live)
    await advise(hotline, 1, "u_1", "migrant_worker", SITE)
    await advise(hotline, 2, "u_1", "employer", SITE)
    write()
    worker = await CallerHistory(sqlite).earlier(WORKER)
    assert (worker.lawyer, worker.conflicts) == ("", ("u_1",))
