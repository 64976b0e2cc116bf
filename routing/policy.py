"""Who may serve whom, in which order, and how far we look. Pure: data and facts in, decisions out.

A contact's *type* is ``channel|language|prefecture``; a lawyer's *profile* is
``skills|languages|prefecture`` with the sets sorted and joined by ``+``. Both name themselves completely, so
a table of which profile serves which type at which step of the ladder can be made once and kept: the Lua
scripts only ever look such tables up.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .ports import Need

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
UTC_OFFSET_MS = 8 * HOUR_MS  # Asia/Shanghai: no summer time since 1991
FOR_GOOD_MS = 365 * DAY_MS  # who advised the other side is passed over so long, as in the scripts
ANY_LOAD = 9.0  # a step that allows so much is never held back: the queue would be endless before
SAMPLES = 100  # so many recent arrivals and handling times are kept; the scripts know the same number


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder: whom to look for after so long, if the load allows."""

    name: str
    after_ms: int
    load: float
    prefecture: Literal["own", "near", "any"]
    skill: Literal["same", "related", "any", "anyone"]
    language: Literal["same", "any"]


@dataclass(frozen=True, slots=True)
class Times:
    """All in milliseconds."""

    ring: int
    menu_lease: int
    wait_lease: int
    talk_lease: int
    room_retry: int
    wrapup: int
    fresh: int
    pass_over: int
    carrier_retry: int
    forget: int
    callback_due: int
    callback_first: int
    callback_latest: int  # before it is due: until then it waits for a lawyer who is free
    callback_hours: tuple[int, int]  # hours of the hotline's day
    callback_retry: tuple[int, ...]  # after the first attempt, the second, ..; then a supervisor decides
    proof: int  # a shorter talk answers nothing that we owe
    rejoin: int  # a lawyer's phone that broke off may come back so long


@dataclass(frozen=True, slots=True)
class Rules:
    times: Times
    head_starts_ms: Mapping[str, int]  # by priority
    ladder: tuple[Step, ...]
    related: Mapping[str, frozenset[str]]  # channel -> channels whose lawyers understand it too
    speakers: Mapping[str, frozenset[str]]  # language of a contact -> languages of lawyers who speak it
    neighbours: Mapping[str, frozenset[str]]
    estimate_at_least: int


@dataclass(frozen=True, slots=True, order=True)
class Able:
    """A profile that may serve a type, from a step of the ladder on. Sorted: whom to ring first."""

    step: int
    width: int  # how flexible: the least flexible is rung first, the others stay free for what only they can
    profile: str


def type_of(need: Need) -> str:
    return f"{need.channel}|{need.language}|{need.prefecture}"


def profile_of(skills: Iterable[str], languages: Iterable[str], prefecture: str) -> str:
    return f"{'+'.join(sorted(set(skills)))}|{'+'.join(sorted(set(languages)))}|{prefecture}"


def place_ms(since_ms: int, priority: str, rules: Rules) -> int:
    """Return the place in the queue: the lowest is served first. Static, so that ageing costs nothing."""
    return since_ms - rules.head_starts_ms.get(priority, 0)


def first_step(kind: str, profile: str, rules: Rules) -> int | None:
    """Return the first step of the ladder at which a profile may serve a type, None if it never may."""
    for number, step in enumerate(rules.ladder):
        if _serves(kind, profile, step, rules):
            return number
    return None


def able(kind: str, profiles: Iterable[str], rules: Rules) -> tuple[Able, ...]:
    """Return the profiles that may serve a type, in the order in which they are tried."""
    found = ((first_step(kind, profile, rules), profile) for profile in profiles)
    return tuple(sorted(Able(step, width(profile), profile) for step, profile in found if step is not None))


def sharing(kind: str, profiles: Collection[str], rules: Rules) -> Callable[[str], bool]:
    """Return a test of types: do its callers and those of *kind* wait for one of the same lawyers?"""
    return lambda other: other == kind or any(first_step(other, one, rules) is not None for one in profiles)


def serves(profile: str, types: Iterable[str], rules: Rules) -> dict[str, int]:
    """Return the types that a profile may serve, each with the first step at which it may."""
    found = ((kind, first_step(kind, profile, rules)) for kind in types)
    return {kind: step for kind, step in found if step is not None}


def width(profile: str) -> int:
    """Return how flexible a profile is: the number of skills and languages beyond the first of each."""
    skills, languages, _ = profile.split("|")
    return skills.count("+") + languages.count("+")


def next_step(step: int, waited_ms: int, load: float, rules: Rules) -> int:
    """Return how far up the ladder a contact now stands. A step that the load forbids blocks those above."""
    while step + 1 < len(rules.ladder):
        following = rules.ladder[step + 1]
        if waited_ms < following.after_ms or load > following.load:
            break
        step += 1
    return step


def last_free_step(rules: Rules) -> int:
    """Return the last step of the ladder that is taken whatever the load, as all before it."""
    gated = (number for number, step in enumerate(rules.ladder) if step.load < ANY_LOAD)
    return next(gated, len(rules.ladder)) - 1


def next_relax_ms(
    step: int, since_ms: int, passed_until_ms: Iterable[int], now: int, rules: Rules
) -> int | None:
    """Return when a waiting contact is to look for a lawyer again, None if only others can change its lot.

    At the next step of the ladder (what the load held back is tried every second), or when it no longer
    passes somebody over.
    """
    times = [until for until in passed_until_ms if until > now]
    if step + 1 < len(rules.ladder):
        times.append(max(since_ms + rules.ladder[step + 1].after_ms, now + 1000))
    return min(times, default=None)


def load(arrivals_ms: Sequence[int], handling_ms: Sequence[int], lawyers: int, now: int) -> float:
    """Return the offered load per lawyer on duty: 1.0 = all of them busy all the time, more = not enough.

    *arrivals_ms* and *handling_ms* are the recent ones, the newest first. 0 when too little is known, or when
    nobody is on duty: looking wider then takes nobody from anybody.
    """
    if lawyers <= 0 or not handling_ms or not arrivals_ms or now <= arrivals_ms[-1]:
        return 0.0
    rate = len(arrivals_ms) / (now - arrivals_ms[-1])
    return math.floor(rate * (sum(handling_ms) / len(handling_ms)) / lawyers * 1000 + 0.5) / 1000


@dataclass(frozen=True, slots=True)
class Hours:
    """When to call back, seen from now (ms): within sensible hours of the hotline's day."""

    due: int  # a call-back that is opened now
    closes: int  # calling back stops for today; now, if it has
    first: int  # we try it first
    retries: tuple[int, ...]  # after the first attempt, the second, ..


def hours(now: int, rules: Rules) -> Hours:
    opens, closes = (hour * HOUR_MS for hour in rules.times.callback_hours)
    since_midnight = (now + UTC_OFFSET_MS) % DAY_MS
    retries = tuple(sensible(now + after, rules) for after in rules.times.callback_retry)
    soon = opens <= since_midnight < closes
    due = sensible(now + rules.times.callback_due if soon else now, rules)
    first = sensible(now + rules.times.callback_first, rules)
    return Hours(due, max(now, now - since_midnight + closes), first, retries)


def sensible(at_ms: int, rules: Rules) -> int:
    """Return *at_ms*, or the next opening of the sensible hours if it lies outside them."""
    opens, closes = (hour * HOUR_MS for hour in rules.times.callback_hours)
    since_midnight = (at_ms + UTC_OFFSET_MS) % DAY_MS
    if opens <= since_midnight < closes:
        return at_ms
    return at_ms - since_midnight + opens + (DAY_MS if since_midnight >= closes else 0)


def estimate_ms(ahead: int, lawyers: int, handling_ms: Sequence[int], rules: Rules) -> int | None:
    """Return how long a caller with so many *ahead* will likely wait, None if that cannot be said honestly.

    With n lawyers busy, one becomes free every (mean handling time / n) on average.
    """
    if lawyers <= 0 or len(handling_ms) < rules.estimate_at_least:
        return None
    return round((ahead + 1) * sum(handling_ms) / len(handling_ms) / lawyers)


def _serves(kind: str, profile: str, step: Step, rules: Rules) -> bool:
    channel, language, prefecture = kind.split("|")
    skills, languages, home = profile.split("|")
    return (
        _skilled(channel, frozenset(skills.split("+")), step, rules)
        and (step.language == "any" or _speaks(language, frozenset(languages.split("+")), rules))
        and _near(prefecture, home, step, rules)
    )


def _skilled(channel: str, skills: frozenset[str], step: Step, rules: Rules) -> bool:
    if step.skill == "anyone" or channel in skills:
        return True
    if step.skill == "any":
        return skills != {""}
    return step.skill == "related" and bool(rules.related.get(channel, frozenset()) & skills)


def _speaks(language: str, languages: frozenset[str], rules: Rules) -> bool:
    return bool(rules.speakers.get(language, frozenset({language})) & languages)


def _near(prefecture: str, home: str, step: Step, rules: Rules) -> bool:
    if not prefecture or not home or step.prefecture == "any" or home == prefecture:
        return True  # who is from nowhere is near everywhere
    return step.prefecture == "near" and home in rules.neighbours.get(prefecture, frozenset())
