"""What a fact does to a demand. Pure, and knows no rule.

So the ledger can be replayed under other rules than it was written with: ``sla.book`` applies the rules and
says what *follows*, as further facts (``demand.opened``, ``demand.unproven``, ``demand.due``,
``demand.closed``), which the ledger keeps.
"""

from collections.abc import Callable, Mapping
from typing import Any

from routing.events import Fact

from .demands import CLASSES, NO_ROUND, AidState, Demand, DemandState, Measured, Stage


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


def _message_left(demand: Demand, fact: Fact) -> Demand:
    """What a caller said to nobody belongs to no round: it proves no talk, whenever it is measured."""
    sid = text(fact.body, "recording")
    if not sid:
        return demand
    known = demand.recordings.get(sid) or Measured(NO_ROUND)
    return demand._replace(recordings={**demand.recordings, sid: known._replace(round=NO_ROUND)})


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
            employer=text(body, "employer", 16) or demand.employer,
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
    "message.left": _message_left,
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
