"""Callers and lawyers of a simulated time, the same for every way of bringing them together."""

import math
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

START = 1_763_913_600_000  # Monday 2025-11-24, 00:00 in Kunming
HOUR_MS = 3_600_000
DAY = Path(__file__).parent / "day.yaml"


@dataclass(frozen=True, slots=True)
class Caller:
    """*at*, *patience*, *talk* in milliseconds; *luck* decides what chance decides about them."""

    number: int
    at: int
    topic: str
    prefecture: str
    patience: int
    talk: int
    luck: float


@dataclass(frozen=True, slots=True)
class Seat:
    """A lawyer and when they are on duty."""

    name: str
    skills: tuple[str, ...]  # the best first
    prefecture: str
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class World:
    name: str
    callers: list[Caller]
    seats: list[Seat]
    ends: int  # the last caller has come
    answer: tuple[int, int] = (0, 0)  # a lawyer lets it ring so long (ms)
    wrapup: int = 0
    missed: float = 0.0
    back_after: int = 0
    reached: float = 0.0  # share of callers who answer when we call back; 0 = we do not

    def answer_ms(self, caller: Caller) -> int:
        low, high = self.answer
        return round(low + (high - low) * caller.luck)


@dataclass(slots=True)
class Story:
    """What became of a caller: how long until a lawyer answered, or until they hung up (ms)."""

    caller: Caller
    waited: int = -1
    answered: bool = False
    told: int | None = None  # the estimate
    ahead: int | None = None  # how many were said to be before them
    overtaken: int = field(default=0)  # how many of their type were really answered before them


def busy_day(scale: float = 1.0, seed: int = 1, path: Path = DAY) -> World:
    """Return a day by the data of *path*; *scale* makes it smaller: calls and lawyers alike."""
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    chance = random.Random(seed)
    places = list(data["prefectures"])
    weights = [row[0] for row in data["prefectures"].values()]
    topics, shares = list(data["topics"]), list(data["topics"].values())
    callers: list[Caller] = []
    for hour, calls in enumerate(data["hourly"]):
        rate = scale * data["calls"] * calls / sum(data["hourly"]) / HOUR_MS
        at = hour * HOUR_MS + chance.expovariate(rate)
        while at < (hour + 1) * HOUR_MS:
            topic, place = chance.choices(topics, shares)[0], chance.choices(places, weights)[0]
            callers.append(_caller(chance, len(callers), at, topic, place, data))
            at += chance.expovariate(rate)
    seats: list[Seat] = []
    for place, row in data["prefectures"].items():
        for (begins, ends), count in zip(data["shifts"].values(), row[1:], strict=True):
            for _ in range(math.ceil(count * scale)):
                skills = tuple(data["skills"][len(seats) % len(data["skills"])])
                name = f"u_{len(seats):04}"
                seats.append(Seat(name, skills, place, begins * HOUR_MS, ends * HOUR_MS))
    low, high = data["answer_s"]
    return World(
        "a day", callers, seats, 24 * HOUR_MS, (low * 1000, high * 1000), data["wrapup_s"] * 1000,
        data["missed"], data["back_after_s"] * 1000, data["reached"],
    )  # fmt: skip


def steady(
    load: float,
    *,
    hours: float,
    lawyers: int = 100,
    topics: int = 12,
    skills: int = 3,
    skew: float = 0.0,
    seed: int = 1,
) -> World:
    """Return a steady time of the design's measurements: 300 s talk, 180 s patience, Poisson arrivals.

    *skew* makes the first topics more asked for than lawyers were trained for: from 1 + skew to 1 - skew.
    """
    chance = random.Random(seed)
    names = [f"t{number:02}" for number in range(topics)]
    weights = [1 + skew * (1 - 2 * number / max(1, topics - 1)) for number in range(topics)]
    data = {"talk_s": 300, "talk_spread": 0.0, "patience_s": 180}
    callers: list[Caller] = []
    rate, at = load * lawyers / 300_000, 0.0
    while (at := at + chance.expovariate(rate)) < hours * HOUR_MS:
        callers.append(_caller(chance, len(callers), at, chance.choices(names, weights)[0], "", data))
    seats = [Seat(f"u_{n:04}", _trained(chance, names, skills, n), "", 0, 1 << 50) for n in range(lawyers)]
    return World(f"load {load}", callers, seats, round(hours * HOUR_MS))


def _trained(chance: random.Random, names: list[str], skills: int, number: int) -> tuple[str, ...]:
    """Return one lawyer's skills: the first by turns, the others by chance."""
    first = names[number % len(names)]
    return (first, *chance.sample([name for name in names if name != first], skills - 1))


def _caller(  # noqa: PLR0917 - all of them make the caller
    chance: random.Random, number: int, at: float, topic: str, place: str, data: dict[str, Any]
) -> Caller:
    spread = data["talk_spread"]
    if spread:
        talk = chance.lognormvariate(math.log(data["talk_s"]) - spread**2 / 2, spread)
    else:
        talk = chance.expovariate(1 / data["talk_s"])
    patience = chance.expovariate(1 / data["patience_s"])
    return Caller(
        number, round(at), topic, place, round(patience * 1000) + 1, round(talk * 1000) + 1, chance.random()
    )
