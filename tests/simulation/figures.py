"""What stories say: waits, abandonment, and the bound that no routing can beat."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, quantiles

from .world import Story

WARM_MS = 1_800_000  # a steady time is measured once the lawyers are busy


@dataclass(frozen=True, slots=True)
class Figures:
    name: str
    calls: int
    mean_wait_s: float  # of all callers, those who hang up as well
    p90_wait_s: float
    within_15_s: float  # share of calls that a lawyer answered within 15 s (GB/T 33358)
    abandoned: float
    worst_abandoned: float  # of the topic where most hang up


def figures(name: str, stories: Sequence[Story], *, warm_ms: int = 0) -> Figures:
    counted = [story for story in stories if story.caller.at >= warm_ms]
    waits = [story.waited / 1000 for story in counted]
    topics: dict[str, list[bool]] = defaultdict(list)
    for story in counted:
        topics[story.caller.topic].append(not story.answered)
    return Figures(
        name,
        len(counted),
        mean(waits),
        quantiles(waits, n=10)[8],
        mean(story.answered and story.waited <= 15_000 for story in counted),
        mean(not story.answered for story in counted),
        max(mean(left) for left in topics.values()),
    )


def erlang_a_wait_s(rate: float, servers: int, talk_s: float, patience_s: float) -> float:
    """Return the mean wait of all callers in M/M/n+M (Palm 1957; Garnett, Mandelbaum and Reiman 2002).

    By the steady state of the birth-death process: *rate* callers a second, n *servers*.
    """
    mu, theta = 1 / talk_s, 1 / patience_s
    log_weights, log_weight, k = [0.0], 0.0, 0
    while k < servers or log_weight > max(log_weights) - 40:
        k += 1
        log_weight += math.log(rate) - math.log(min(k, servers) * mu + max(0, k - servers) * theta)
        log_weights.append(log_weight)
    top = max(log_weights)
    weights = [math.exp(weight - top) for weight in log_weights]
    queue = sum(weight * max(0, k - servers) for k, weight in enumerate(weights)) / sum(weights)
    return queue / rate  # Little


@dataclass(frozen=True, slots=True)
class Trust:
    """What callers were told against what then happened."""

    told: int  # callers who were told an estimate, and were answered
    covered: float  # of them: answered no later than they were told
    ratio: float  # their mean wait / the mean that they were told
    in_order: float  # of those told their place: no more of their type came before them than were said to


def trust(stories: Sequence[Story]) -> Trust:
    placed = [s for s in stories if s.answered and s.ahead is not None]
    told = [(s.waited, s.told) for s in placed if s.told is not None]
    return Trust(
        len(told),
        mean(waited <= said for waited, said in told) if told else 0.0,
        mean(waited for waited, _ in told) / mean(said for _, said in told) if told else 0.0,
        mean(s.overtaken <= (s.ahead or 0) for s in placed) if placed else 0.0,
    )
