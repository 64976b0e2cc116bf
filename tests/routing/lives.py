"""Two queues that live the same lives: what the contract's rules act on, and what must hold after each."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from config.errors import AnxinError
from config.redis import HotlineRedis
from routing.events import Fact
from routing.keys import ev
from routing.memory_queue import MemoryQueue
from routing.ports import Contact, ContactState, LawyerState, Need, Snapshot
from routing.queue import Queue
from routing.redis_queue import RedisQueue
from routing.replay import replay
from routing.rules import load_rules

CONTACTS = st.sampled_from([f"c_{digit * 32}" for digit in "12345"])
NUMBERS = st.sampled_from(["+8613800000001", "+8613800000002", "", "client:web"])
PREFECTURES = st.sampled_from(["", "昆明市", "玉溪市", "迪庆藏族自治州"])
PEOPLE = {
    "u_1": (("dedicated", "general"), ("zh",), "昆明市"),
    "u_2": (("dedicated",), ("zh",), "昆明市"),
    "u_3": (("general",), ("zh", "yi"), "玉溪市"),
    "u_4": (("dedicated",), ("zh",), "昆明市"),
    "u_5": ((), ("zh",), ""),
}
LAWYERS = st.sampled_from(sorted(PEOPLE))
NEEDS = st.builds(
    Need,
    channel=st.sampled_from(["dedicated", "general"]),
    language=st.sampled_from(["zh", "minority"]),
    prefecture=PREFECTURES,
    priority=st.sampled_from(["general", "dedicated", "missed_before"]),
    digit=st.sampled_from(["", "1"]),
    evidence=st.sampled_from([(), ("key:1",)]),
    prefer=st.sampled_from(["", "", "u_2", "u_3", "u_5"]),
    conflicts=st.sampled_from([(), (), ("u_2",), ("u_1", "u_5")]),
)
START = 1_764_000_000_000
Step = Callable[[Queue], Awaitable[object]]


class TwoQueues(RuleBasedStateMachine):
    """The plain Python and Valkey, step by step beside each other."""

    runner: ClassVar[asyncio.Runner]
    redis: ClassVar[HotlineRedis]

    def __init__(self) -> None:
        super().__init__()
        rules = load_rules()
        self.run(self.redis.flushall())
        self.model = MemoryQueue(rules)
        self.real = RedisQueue(self.redis, rules)
        self.now = START
        self.read, self.entry = 0, "0-0"
        self.dials = 0

    def run(self, work: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await work

        return self.runner.run(done())

    def both(self, step: Step) -> Any:
        """Take a step in both queues; they answer or refuse alike, and tell the same facts."""
        answers: list[object] = []
        for queue in (self.model, self.real):
            try:
                answers.append(self.run(step(queue)))
            except AnxinError as error:
                answers.append(type(error))
        assert answers[1] == answers[0]
        assert self.new_real_facts() == self.new_model_facts()
        return answers[0]

    def new_model_facts(self) -> list[Fact]:
        new = self.model.facts[self.read :]
        self.read = len(self.model.facts)
        return [replace(fact, body=plain(fact.body)) for fact in new]

    def new_real_facts(self) -> list[Fact]:
        entries = self.run(self.redis.xrange(ev(), f"({self.entry}"))
        self.entry = entries[-1][0] if entries else self.entry
        facts = (Fact.from_fields(fields) for _, fields in entries)
        return [replace(fact, body=plain(fact.body)) for fact in facts]

    def promised(self, *states: ContactState) -> list[Contact]:
        known = self.model._memory.contacts.values()
        return sorted((c for c in known if c.state in states), key=lambda c: c.id)

    @invariant()
    def states_agree(self) -> None:
        snapshots: list[Snapshot] = [self.run(q.snapshot(self.now)) for q in (self.model, self.real)]
        assert replace(snapshots[1], ev="") == replace(snapshots[0], ev="")
        far = self.now + 10**9
        assert self.run(self.real.due(far, 500)) == self.run(self.model.due(far, 500))

    def teardown(self) -> None:
        """Replaying all facts from the first gives what the queue holds."""
        entries: Any = self.run(self.redis.xrange(ev()))
        facts = [Fact.from_fields(fields) for _, fields in entries]
        held = self.run(self.real.snapshot(self.now))
        told = replay(facts, held.ev, self.now)
        said = [replace(c, leg="", second_leg="") for c in held.contacts]
        assert replace(held, contacts=said) == told

    @invariant()
    def nothing_is_broken(self) -> None:
        for queue in (self.model, self.real):
            broken = self.run(queue.check_invariants())
            assert not broken, broken

    @invariant()
    def nobody_able_idles_while_somebody_they_may_serve_waits(self) -> None:
        memory = self.model._memory
        memory.now = self.now
        for lawyer in memory.lawyers.values():
            if lawyer.state is LawyerState.IDLE and memory.is_on_duty(lawyer):
                contact = memory.best_contact(lawyer)
                stale = memory.fresh_until(lawyer.id) <= self.now
                just_ended = contact is not None and any(
                    until > self.now - 10**9 for until in memory.passed[contact.id].values()
                )
                assert contact is None or stale or just_ended, f"{lawyer.id} idles, {contact} waits"


def plain(body: object) -> Any:
    """Return a body as JSON has it; an empty list as an empty object, because Lua's cjson writes it so."""
    return json.loads(json.dumps(body).replace("[]", "{}"))
