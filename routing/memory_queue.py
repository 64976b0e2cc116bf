"""The queue as plain Python: the reference for what ``Queue`` means. Looks at everybody, keeps no index."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from . import policy
from .events import Fact
from .invariants import State, violations
from .memory_callbacks import shown
from .memory_contacts import MemoryContacts
from .memory_lawyers import MemoryLawyers
from .memory_talks import MemoryTalks
from .ports import Contact, ContactState, Due, Lawyer, LawyerState, Place, Snapshot


class MemoryQueue(MemoryContacts, MemoryLawyers, MemoryTalks):
    """Implements ``routing.queue.Queue``. *facts* is its ``ev``."""

    @property
    def facts(self) -> Sequence[Fact]:
        return self._memory.facts

    async def postpone(self, due: Due, until: int) -> bool:
        if (key := (due.kind, due.owner)) not in self._memory.due:
            return False
        self._memory.due[key] = until
        return True

    async def due(self, now: int, limit: int) -> Sequence[Due]:
        passed = ((at, f"{kind}:{owner}", kind, owner) for (kind, owner), at in self._memory.due.items())
        return [Due(kind, owner, at) for at, _, kind, owner in sorted(passed) if at <= now][:limit]

    async def contact(self, contact: str) -> Contact | None:
        return self._known(contact)

    async def lawyer(self, lawyer: str) -> Lawyer | None:
        return self._memory.lawyers.get(lawyer)

    async def place(self, contact: str, now: int) -> Place | None:
        m, c = self._at(now), self._known(contact)
        if c is None or c.state not in {ContactState.WAITING, ContactState.OFFERED}:
            return None
        able = {row.profile for row in policy.able(c.type, m.profiles(), self._rules)}
        seated = [one.profile for one in m.lawyers.values() if m.is_on_duty(one) and one.profile in able]
        duty, shared = len(seated), policy.sharing(c.type, set(seated), self._rules)
        row = [one.id for one in m.waiting() if shared(one.type)]
        ahead = row.index(c.id) if c.id in row else 0
        estimate = policy.estimate_ms(ahead, duty, m.handling, self._rules)
        return Place(ahead + 1, ahead, estimate, duty, self.duty_ms if not duty and self.duty_ms > now else 0)

    async def snapshot(self, now: int, limit: int = 5000) -> Snapshot:
        m = self._memory
        on_line = sorted(self._on_line(), key=lambda c: (c.place_ms, c.id))
        on_duty = (one for one in m.lawyers.values() if one.state is not LawyerState.OFFLINE)
        callbacks = sorted(m.callbacks.values(), key=lambda k: (k["place_ms"], k["id"]))
        return Snapshot(
            ev=f"{len(m.facts)}-0",
            at_ms=now,
            contacts=on_line[:limit],
            lawyers=sorted(on_duty, key=lambda one: one.id)[:limit],
            callbacks=[shown(k) for k in callbacks[:limit]],
        )

    async def check_invariants(self) -> list[str]:
        m = self._memory
        on_line, waiting = self._on_line(), m.waiting()
        duty = [one for one in m.lawyers.values() if m.is_on_duty(one)]
        able = [one for one in duty if one.state is LawyerState.IDLE]
        counts = Counter(f"w:{c.type}|{c.step}" for c in waiting)
        counts.update(f"d:{one.profile}" for one in duty)
        return violations(
            State(
                contacts=[asdict(c) for c in on_line],
                gone=[asdict(c) for c in m.contacts.values() if c not in on_line],
                lawyers=[asdict(one) for one in m.lawyers.values()],
                waiting=[f"{c.type}|{c.step}\t{c.place_ms}\t{c.id}" for c in waiting],
                idle=[f"{one.profile}\t{one.idle_since_ms}\t{one.id}" for one in able],
                due={f"{kind}:{owner}": float(at) for (kind, owner), at in m.due.items()},
                callbacks=list(m.callbacks.values()),
                counts=counts,
            )
        )

    async def record(self, fact: Fact) -> None:
        self._memory.facts.append(fact)
