"""Demands (诉求): what must be answered. Pure: facts in, facts and demands out.

A contact's first fact opens a demand. It closes **only with proof**: a talk with a lawyer that was long
enough and in which both voices were measured; a later contact of the same matter with that proof; or a
supervisor's signed exclusion. A hang-up, a timeout, an error or an outage never closes it.

Two halves, so that the ledger can be replayed under other rules than it was written with: ``evolve`` and
the other ``_on`` functions say what a fact *does* to a demand and know no rule; ``sla.book`` applies the
rules and says what *follows*, as further facts (``demand.opened``, ``demand.unproven``, ``demand.due``,
``demand.closed``), which the ledger keeps.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from config.log import masked
from routing.events import Fact

DAY_MS = 86_400_000
NOTHING: Mapping[str, Any] = MappingProxyType({})

CLASSES = frozenset(
    {
        "pending",
        "none",
        "free_consult",
        "response_gig_relation",
        "response_social_insurance",
        "aid_acceptance_wage",
        "aid_acceptance_injury",
    }
)


AID = frozenset({"aid_acceptance_wage", "aid_acceptance_injury"})


class DemandState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    EXCLUDED = "excluded"  # signed by a supervisor


class AidState(StrEnum):
    """How far a demand has come as an application for legal aid (法律援助法 43): number 1 counts these."""

    NONE = ""
    DUE = "due"  # it is one by its class; nobody has decided yet
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"  # decided, with a reason and a signature
    ACCEPTED = "accepted"


class Stage(StrEnum):
    """How far its newest contact came."""

    MENU = "menu"
    WAITING = "waiting"
    OFFERED = "offered"
    TALKING = "talking"
    DROPPED = "dropped"  # the talk broke off; the caller is back in the queue
    ABANDONED = "abandoned"
    CALLBACK = "callback"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of the targets that decides.

    *target_ms* maps (class, opened_at_ms) to the breach, *acceptance_ms* (lane, opened_at_ms) to that of an
    application for legal aid; *lane* maps the urgency of a summary to ``ordinary`` or ``priority``.
    """

    talk_ms: int
    caller_speech_s: float
    lawyer_speech_s: float
    matter_ms: int
    answer_ms: int
    target_ms: Callable[[str, int], int]
    acceptance_ms: Callable[[str, int], int]
    lane: Callable[[str], str]


class Measured(NamedTuple):
    """How long each side was heard in a recording; *round* is the talk round it belongs to."""

    round: int
    caller_speech_s: float = 0.0
    lawyer_speech_s: float = 0.0
    heard: bool = False  # measured at all


class Demand(NamedTuple):
    """One demand as its facts left it. A tuple, because a busy day makes millions of changed copies.

    A *round* is one attempt to reach the caller: it ends when a call-back is opened, and only the talk and
    the recordings of the present round count as proof, so twelve seconds before a dropped line close
    nothing.
    """

    id: str
    contact: str
    opened_at_ms: int
    state: DemandState = DemandState.OPEN
    stage: Stage = Stage.MENU
    four_100: str = "pending"
    classed_by: str = ""  # '', draft, signed
    entrance: str = ""
    channel: str = ""
    prefecture: str = ""
    category: str = ""  # of the caller: migrant_worker, gig_worker, ..
    topic: str = ""
    number_masked: str = ""
    number_key: str = ""
    ordinal: int = 1
    lawyer: str = ""
    first_waited_ms: int = -1  # wait until the first answer; -1 = not answered yet
    accepted_at_ms: int = 0  # of this round
    talk_ms: int = 0  # of this round
    round: int = 0
    recordings: Mapping[str, Measured] = NOTHING
    lacks: str = ""  # what the proof lacks, comma separated: talk, recording, caller, lawyer
    callback: str = ""  # the open call-back
    due_ms: int = 0  # the next thing we owe
    target_ms: int = 0  # open after this = breach
    closed_at_ms: int = 0
    proof: Mapping[str, Any] = NOTHING
    steps: Mapping[str, int] = NOTHING  # of escalation that were taken: "<target>.<step>" -> for which moment
    aid_state: AidState = AidState.NONE
    aid: Mapping[str, Any] = NOTHING  # lane, then the decision and the acceptance
    aid_target_ms: int = 0  # not accepted after this = breach of number 1

    @property
    def is_open(self) -> bool:
        return self.state is DemandState.OPEN

    @property
    def is_applying(self) -> bool:
        """Is it an application for legal aid whose acceptance we owe?"""
        owed = self.aid_state in (AidState.DUE, AidState.ELIGIBLE)
        return owed and self.four_100 in AID and self.state is not DemandState.EXCLUDED

    @property
    def reason(self) -> str:
        """Why it is still open, as a code of the catalogue: ``<what>`` or ``<what>.<detail>``."""
        if not self.is_open:
            return str(self.state)
        if self.callback:
            return "callback_due"
        if self.stage is Stage.DONE:
            return f"no_proof.{self.lacks.partition(',')[0] or 'recording'}"
        return str(self.stage)


def mask_number(number: str) -> str:
    """Return a number fit for a wall: 138****2210. A hidden one is '', a web caller 'web'."""
    return "web" if number.startswith("client:") else masked(number)[:40]


def number_key(number: str) -> str:
    """Return what tells two numbers apart in an index without writing them there. '' = hidden or a web
    caller.
    """
    if not number or number.startswith("client:"):
        return ""
    return hashlib.sha256(f"anxin:{number}".encode()).hexdigest()[:32]


def lacking(demand: Demand, rules: Rules) -> str:
    """Return what the proof of a two-way talk lacks, comma separated; '' means that it is complete."""
    of_round = [m for m in demand.recordings.values() if m.round == demand.round and m.heard]
    lacks = []
    if demand.talk_ms < rules.talk_ms:
        lacks.append("talk")
    if not of_round:
        lacks.append("recording")
    else:
        if sum(m.caller_speech_s for m in of_round) < rules.caller_speech_s:
            lacks.append("caller")
        if sum(m.lawyer_speech_s for m in of_round) < rules.lawyer_speech_s:
            lacks.append("lawyer")
    return ",".join(lacks)


def proof_of(demand: Demand) -> dict[str, Any]:
    """Return the proof that closes a demand whose proof lacks nothing."""
    of_round = {sid: m for sid, m in sorted(demand.recordings.items()) if m.round == demand.round and m.heard}
    return {
        "kind": "two_way_talk",
        "lawyer": demand.lawyer,
        "responded_ms": demand.accepted_at_ms,
        "talk_ms": demand.talk_ms,
        "caller_speech_s": round(sum(m.caller_speech_s for m in of_round.values()), 3),
        "lawyer_speech_s": round(sum(m.lawyer_speech_s for m in of_round.values()), 3),
        "recordings": list(of_round),
    }


def opened(fact: Fact) -> Demand:
    """Return the demand that a ``demand.opened`` fact brings into being."""
    body = fact.body
    return Demand(
        id=text(body, "demand"),
        contact=fact.contact,
        opened_at_ms=fact.at_ms,
        entrance=text(body, "entrance", 16),
        prefecture=text(body, "prefecture", 32),
        number_masked=text(body, "number_masked", 40),
        number_key=text(body, "number_key", 32),
        ordinal=min(whole(body, "ordinal", 1), 10**9),
        due_ms=whole(body, "due_ms"),
        target_ms=whole(body, "target_ms"),
    )


def evolve(demand: Demand, fact: Fact) -> Demand:
    """Return the demand after a fact about it. Facts that say nothing about it leave it as it is."""
    change = _ON.get(fact.kind)
    return change(demand, fact) if change else demand


def text(body: Mapping[str, Any], name: str, limit: int = 64) -> str:
    """Return a text that fits its column on every database: facts come from several writers and from
    callers.
    """
    value = body.get(name, "")
    if not isinstance(value, str):
        return ""
    if not value.isascii():
        value = value.encode(errors="replace").decode()  # half a surrogate pair is no text
    return value.replace("\0", "")[:limit]


def whole(body: Mapping[str, Any], name: str, default: int = 0) -> int:
    """Return a whole number that fits the database, else the default: facts come from several writers."""
    return int(number(body, name, default))


def number(body: Mapping[str, Any], name: str, default: float = 0.0) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -(2**53) < value < 2**53:
        return default  # also when it is NaN
    return value


def _stage(stage: Stage) -> Callable[[Demand, Fact], Demand]:
    return lambda demand, _: demand if demand.stage is stage else demand._replace(stage=stage)


def _chose(demand: Demand, fact: Fact) -> Demand:
    return demand._replace(channel=text(fact.body, "channel", 16) or demand.channel)


def _accepted(demand: Demand, fact: Fact) -> Demand:
    return demand._replace(
        stage=Stage.TALKING,
        lawyer=fact.lawyer or demand.lawyer,
        accepted_at_ms=demand.accepted_at_ms or fact.at_ms,
        first_waited_ms=max(0, whole(fact.body, "waited_ms"))
        if demand.first_waited_ms < 0
        else demand.first_waited_ms,
    )


def _talk_ended(stage: Stage) -> Callable[[Demand, Fact], Demand]:
    def ended(demand: Demand, fact: Fact) -> Demand:
        talk_ms = demand.talk_ms + max(0, whole(fact.body, "talk_ms")) if fact.lawyer else demand.talk_ms
        return demand._replace(stage=stage, talk_ms=talk_ms, lawyer=fact.lawyer or demand.lawyer)

    return ended


def _recorded(demand: Demand, fact: Fact) -> Demand:
    """Remember in which round a recording began, so that one measured late still counts for its own talk."""
    sid = text(fact.body, "recording")
    if not sid or sid in demand.recordings:
        return demand
    return demand._replace(recordings={**demand.recordings, sid: Measured(demand.round)})


def _measured(demand: Demand, fact: Fact) -> Demand:
    sid = text(fact.body, "recording")
    if not sid:
        return demand
    known = demand.recordings.get(sid) or Measured(demand.round)
    heard = Measured(
        known.round,
        max(0.0, number(fact.body, "caller_speech_s")),
        max(0.0, number(fact.body, "lawyer_speech_s")),
        heard=True,
    )
    return demand._replace(recordings={**demand.recordings, sid: heard})


def _callback_opened(demand: Demand, fact: Fact) -> Demand:
    if not demand.is_open:
        return demand  # a promise made after the answer stands in the call-back's own row
    stage = demand.stage if demand.stage in (Stage.ABANDONED, Stage.DONE) else Stage.CALLBACK
    return demand._replace(
        stage=stage,
        callback=text(fact.body, "callback"),
        due_ms=whole(fact.body, "due_ms") or demand.due_ms,
        round=demand.round + 1,
        talk_ms=0,
        accepted_at_ms=0,
        lacks="",
    )


def _callback_closed(demand: Demand, fact: Fact) -> Demand:
    return demand._replace(callback="") if demand.callback == text(fact.body, "callback") else demand


def _summarised(by: str) -> Callable[[Demand, Fact], Demand]:
    def classed(demand: Demand, fact: Fact) -> Demand:
        if by == "draft" and demand.classed_by == "signed":
            return demand  # late news: what a lawyer signed stands
        body = fact.body
        four_100 = text(body, "four_100")
        return demand._replace(
            four_100=four_100 if four_100 in CLASSES else demand.four_100,
            classed_by=by,
            channel=text(body, "channel", 16) or demand.channel,
            prefecture=text(body, "prefecture", 32) or text(body, "work_prefecture", 32) or demand.prefecture,
            category=text(body, "caller_category", 16) or demand.category,
            topic=text(body, "topic") or _first(body.get("issue_types")) or demand.topic,
        )

    return classed


def _unproven(demand: Demand, fact: Fact) -> Demand:
    due_ms = whole(fact.body, "due_ms", demand.due_ms)
    return demand._replace(lacks=text(fact.body, "lacks"), due_ms=due_ms)


def _due(demand: Demand, fact: Fact) -> Demand:
    return demand._replace(
        due_ms=whole(fact.body, "due_ms", demand.due_ms),
        target_ms=whole(fact.body, "target_ms", demand.target_ms),
    )


def _first(values: Any) -> str:
    return text({"": values[0]}, "") if isinstance(values, list) and values else ""


def _closed(demand: Demand, fact: Fact) -> Demand:
    if not demand.is_open:
        return demand
    proof = fact.body.get("proof") or {}
    return demand._replace(state=DemandState.CLOSED, closed_at_ms=fact.at_ms, proof=proof, lacks="")


def _excluded(demand: Demand, fact: Fact) -> Demand:
    if not demand.is_open or not is_signed(fact):
        return demand
    proof = {"kind": "exclusion", "reason": text(fact.body, "reason"), "by": text(fact.body, "by")}
    return demand._replace(state=DemandState.EXCLUDED, closed_at_ms=fact.at_ms, proof=proof, lacks="")


def _stepped(demand: Demand, fact: Fact) -> Demand:
    """Remember a step of the ladder: it is taken once for each moment that a target has had."""
    target = text(fact.body, "target", 16) or "response"
    step = "breach" if fact.kind == "demand.breached" else str(whole(fact.body, "step"))
    return demand._replace(steps={**demand.steps, f"{target}.{step}": whole(fact.body, "target_ms")})


def _aid_due(demand: Demand, fact: Fact) -> Demand:
    return demand._replace(
        aid_state=demand.aid_state or AidState.DUE,
        aid={**demand.aid, "lane": text(fact.body, "lane", 16)},
        aid_target_ms=whole(fact.body, "target_ms"),
    )


def _aid_decided(demand: Demand, fact: Fact) -> Demand:
    """Store the decision with its reason; it may be reviewed until the application is accepted."""
    eligible = fact.body.get("eligible")
    if not is_signed(fact) or not isinstance(eligible, bool):
        return demand
    if demand.aid_state in (AidState.NONE, AidState.ACCEPTED):
        return demand
    decision = {name: text(fact.body, name, 200) for name in ("reason", "article", "by")}
    return demand._replace(
        aid_state=AidState.ELIGIBLE if eligible else AidState.INELIGIBLE,
        aid={**demand.aid, **decision, "decided_at_ms": fact.at_ms},
    )


def _aid_accepted(demand: Demand, fact: Fact) -> Demand:
    """Papers may be missing (容缺受理): they are listed, and never hold up the acceptance."""
    by, missing = text(fact.body, "by"), fact.body.get("missing")
    if demand.aid_state is not AidState.ELIGIBLE or not by.strip():
        return demand
    papers = [text({"": paper}, "", 100) for paper in missing] if isinstance(missing, list) else []
    acceptance = {"accepted_at_ms": fact.at_ms, "accepted_by": by, "number": text(fact.body, "number")}
    return demand._replace(
        aid_state=AidState.ACCEPTED, aid={**demand.aid, **acceptance, "missing": papers[:50]}
    )


def is_signed(fact: Fact) -> bool:
    """Does a decision say why and who signed it? One that does not is kept in the ledger and changes
    nothing.
    """
    return bool(text(fact.body, "reason").strip() and text(fact.body, "by").strip())


_ON: Mapping[str, Callable[[Demand, Fact], Demand]] = {
    "contact.chose": _chose,
    "contact.waiting": _stage(Stage.WAITING),
    "contact.offered": _stage(Stage.OFFERED),
    "contact.accepted": _accepted,
    "contact.dropped": _talk_ended(Stage.DROPPED),
    "contact.abandoned": _stage(Stage.ABANDONED),
    "contact.callback": _stage(Stage.CALLBACK),
    "contact.done": _talk_ended(Stage.DONE),
    "offer.rejected": _stage(Stage.WAITING),
    "offer.expired": _stage(Stage.WAITING),
    "offer.failed": _stage(Stage.WAITING),
    "callback.opened": _callback_opened,
    "callback.closed": _callback_closed,
    "recording.started": _recorded,
    "recording.measured": _measured,
    "summary.drafted": _summarised("draft"),
    "summary.signed": _summarised("signed"),
    "demand.unproven": _unproven,
    "demand.due": _due,
    "demand.closed": _closed,
    "demand.excluded": _excluded,
    "demand.breached": _stepped,
    "demand.escalated": _stepped,
    "aid.due": _aid_due,
    "aid.decided": _aid_decided,
    "aid.accepted": _aid_accepted,
}
