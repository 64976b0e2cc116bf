"""Lives of contacts as routing tells them, for tests: facts in the order in which they happen."""

import random
from collections.abc import Iterator
from itertools import count

from hypothesis import strategies as st

from config.ids import demand_of
from routing.events import Fact

T0 = 1_764_000_000_000  # 2025-11-24 in Kunming, a Monday
KINDS = (
    "contact.arrived", "contact.chose", "contact.waiting", "contact.offered", "contact.accepted",
    "contact.dropped", "contact.abandoned", "contact.done", "contact.callback", "offer.expired",
    "callback.opened", "callback.closed", "recording.started", "recording.measured",
    "summary.drafted", "summary.signed", "demand.excluded", "lawyer.ready", "transcript.ready",
)  # fmt: skip


def contact(n: int) -> str:
    return f"c_{n:032x}"


def arrived(n: int, at_ms: int = T0, caller: str = "", **body: object) -> Fact:
    of = {
        "from": caller or f"+86138{n:08d}",
        "to": "12348",
        "entrance": "pstn",
        "prefecture": "昆明",
        "ordinal": 1,
        "demand": demand_of(contact(n)),
    }
    return Fact("contact.arrived", at_ms, contact(n), body={**of, **body})


def accepted(n: int, at_ms: int = T0 + 10_000, lawyer: str = "u_1", waited_ms: int = 5000) -> Fact:
    return Fact("contact.accepted", at_ms, contact(n), lawyer, {"waited_ms": waited_ms, "talk": 1})


def done(n: int, talk_ms: int, at_ms: int = T0 + 60_000, lawyer: str = "u_1") -> Fact:
    return Fact("contact.done", at_ms, contact(n), lawyer, {"ended_by": "caller", "talk_ms": talk_ms})


def measured(n: int, caller_s: float, lawyer_s: float, at_ms: int = T0 + 70_000, take: int = 1) -> Fact:
    body = {"recording": recording(n, take), "caller_speech_s": caller_s, "lawyer_speech_s": lawyer_s}
    return Fact("recording.measured", at_ms, contact(n), body={**body, "length_s": 60.0})


def recording(n: int, take: int = 1) -> str:
    return f"RE{take:04x}{n:028x}"


def answered(n: int, at_ms: int = T0, caller: str = "") -> list[Fact]:
    """The common life: rings, waits, is answered, talks, and both voices are measured."""
    return [
        arrived(n, at_ms, caller),
        Fact("contact.chose", at_ms + 4000, contact(n), body={"digit": "1", "channel": "dedicated"}),
        Fact(
            "contact.waiting", at_ms + 4000, contact(n), body={"type": "dedicated", "since_ms": at_ms + 4000}
        ),
        Fact("contact.offered", at_ms + 5000, contact(n), "u_1", {"until_ms": at_ms + 25_000}),
        accepted(n, at_ms + 9000),
        Fact("recording.started", at_ms + 9100, contact(n), body={"recording": recording(n)}),
        done(n, 40_000, at_ms + 49_000),
        measured(n, 12.0, 20.5, at_ms + 55_000),
    ]


def abandoned(n: int, at_ms: int = T0, caller: str = "") -> list[Fact]:
    """A caller who hangs up while waiting: the call-back is opened by the same script."""
    callback = {"callback": f"k_{n:032x}", "reason": "abandoned", "number": "", "due_ms": at_ms + 1_860_000}
    return [
        arrived(n, at_ms, caller),
        Fact("contact.waiting", at_ms + 4000, contact(n), body={"type": "general", "since_ms": at_ms + 4000}),
        Fact("contact.abandoned", at_ms + 60_000, contact(n), body={"stage": "waiting", "waited_ms": 56_000}),
        Fact("callback.opened", at_ms + 60_000, contact(n), body=callback),
    ]


def traffic(contacts: int, seed: int = 1) -> Iterator[Fact]:
    """Many lives, overlapping as on a busy day, always the same for a seed."""
    chance = random.Random(seed)
    lives = [
        (answered if chance.random() < 0.8 else abandoned)(n, T0 + n * 700) for n in range(1, contacts + 1)
    ]
    order = count()
    yield from (f for _, _, f in sorted((f.at_ms, next(order), f) for life in lives for f in life))


_BODIES = st.fixed_dictionaries(
    {},
    optional={
        "talk_ms": st.sampled_from([0, 9999, 10_000, 60_000, -5, "x", None]),
        "recording": st.sampled_from(["RE1", "RE2", "", 7]),
        "caller_speech_s": st.sampled_from([0.0, 0.5, 1.0, 5, "loud"]),
        "lawyer_speech_s": st.sampled_from([0.0, 0.5, 1.0, 5]),
        "callback": st.sampled_from(["k_1", "k_2", "k_3", ""]),
        "due_ms": st.sampled_from([0, T0 + 1_800_000]),
        "number": st.sampled_from(["", "+8613800138000"]),
        "from": st.sampled_from(["", "client:web-1", "+8613800000001", "+8613800000002"]),
        "proof": st.sampled_from([{}, {"kind": "two_way_talk"}, ""]),
        "signature": st.sampled_from([{}, {"by": "值班长"}]),
        "reason": st.sampled_from(["", "wrong_number", "dropped"]),
        "by": st.sampled_from(["", "值班长"]),
        "four_100": st.sampled_from(["free_consult", "none", "nonsense", 3]),
        "demand": st.sampled_from([demand_of(contact(n)) for n in (1, 2, 3)]),
        "prefecture": st.sampled_from(["昆明", "\ud800", "a\0b", "长" * 99]),
    },
)

FACTS = st.builds(
    Fact,
    kind=st.sampled_from(KINDS),
    at_ms=st.integers(T0, T0 + 86_400_000),
    contact=st.sampled_from(["", *(contact(n) for n in (1, 2, 3))]),
    lawyer=st.sampled_from(["", "u_1", "u_2"]),
    body=_BODIES,
)
HISTORIES = st.lists(FACTS, max_size=40).map(lambda facts: sorted(facts, key=lambda fact: fact.at_ms))
