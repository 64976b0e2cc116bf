"""Demands (诉求): what must be answered. Pure: facts in, facts and demands out.

A contact's first fact opens a demand. It closes **only with proof**: a talk with a lawyer that was long
enough and in which both voices were measured; a later contact of the same matter with that proof; or a
supervisor's signed exclusion. A hang-up, a timeout, an error or an outage never closes it.

Here is what a demand is and what proves it; ``sla.evolution`` says what facts do to it, ``sla.book`` what
follows from them.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from config.log import masked

DAY_MS = 86_400_000
NOTHING: Mapping[str, Any] = MappingProxyType({})
NO_ROUND = -1  # of a recording that is no talk

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
    employer: str = ""  # what tells it from others: no name

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
