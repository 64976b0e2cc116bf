"""Applications for legal aid (法律援助): who decides that one is eligible, and who accepts it. Number 1.

A demand classed as wage arrears or work injury of a migrant worker *is* an application, from the first call
on: nobody has to fill in a form for it to count. Both steps are signed facts in the ledger; the demand's own
fold (``sla.demands``) refuses an acceptance without a decision, so two people at once can do no harm.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import Engine, Row

from config.clock import Clock
from config.errors import AnxinError, Blame
from routing.events import Fact
from routing.ports import FactSink

from . import queries
from .demands import AID, AidState


class NoApplication(AnxinError):
    """There is no such demand, or it is none of the classes that apply for legal aid."""

    code: ClassVar[str] = "aid.no-application"
    blame: ClassVar[Blame] = Blame.CALLER


class WrongStage(AnxinError):
    """It is accepted already, or nobody has decided yet that it is eligible."""

    code: ClassVar[str] = "aid.wrong-stage"
    blame: ClassVar[Blame] = Blame.CALLER


class Unsigned(AnxinError):
    """A decision without a reason or without a name."""

    code: ClassVar[str] = "aid.unsigned"
    blame: ClassVar[Blame] = Blame.CALLER


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: their name as it stands in the ledger, their account and role ('' from the command line)."""

    name: str
    account: str = ""
    role: str = ""

    def fields(self) -> dict[str, str]:
        return {"by": self.name.strip(), "account": self.account, "role": self.role}


async def decide(
    sink: FactSink,
    engine: Engine,
    clock: Clock,
    demand: str,
    *,
    eligible: bool,
    reason: str,
    article: str,
    by: Signer,
) -> None:
    """Record whether an application is eligible, with the reason and the article it rests on.

    May be reviewed until it is accepted. Raise NoApplication, WrongStage, Unsigned, SQLAlchemyError.
    """
    row = await asyncio.to_thread(_application, engine, demand)
    if row.aid_state == AidState.ACCEPTED:
        raise WrongStage("the application is accepted already")
    if not reason.strip() or not by.name.strip():
        raise Unsigned("a decision needs its reason and the name of who decides")
    body = {"demand": demand, "eligible": eligible, "reason": reason.strip(), "article": article.strip()}
    await sink.record(Fact("aid.decided", clock.now_ms(), row.contact, body={**body, **by.fields()}))


async def accept(
    sink: FactSink,
    engine: Engine,
    clock: Clock,
    demand: str,
    *,
    number: str,
    missing: Sequence[str] = (),
    by: Signer,
) -> None:
    """Record that an application was accepted (受理), under which *number*; *missing* papers follow later
    (法律援助法 41: 容缺受理).

    Raise NoApplication, WrongStage, Unsigned, SQLAlchemyError.
    """
    row = await asyncio.to_thread(_application, engine, demand)
    if row.aid_state != AidState.ELIGIBLE:
        raise WrongStage("decide first that it is eligible; what is accepted is not accepted twice")
    if not by.name.strip():
        raise Unsigned("an acceptance needs the name of who accepts")
    body = {"demand": demand, "number": number.strip(), "missing": list(missing), **by.fields()}
    await sink.record(Fact("aid.accepted", clock.now_ms(), row.contact, body=body))


def _application(engine: Engine, demand: str) -> Row[tuple[object, ...]]:
    row = queries.demand_row(engine, demand)
    if row is None or row.four_100 not in AID or row.aid_state == AidState.NONE:
        raise NoApplication(f"{demand} is no application for legal aid")
    return row
