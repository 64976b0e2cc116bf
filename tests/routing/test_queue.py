"""The contract of ``Queue``: Valkey must do what the plain Python does, and no invariant may ever break."""

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from config.redis import open_redis
from routing.keys import key
from routing.ports import Arrival, ContactState, Due, DueKind, Need, SignIn
from routing.queue import Queue
from tests.routing.lives import CONTACTS, LAWYERS, NEEDS, NUMBERS, PEOPLE, Step, TwoQueues


class QueueContract(TwoQueues):
    """Random lives of contacts and lawyers, lived by both queues at once."""

    @rule(ms=st.sampled_from([1, 900, 3_000, 9_000, 21_000, 61_000, 130_000]))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    def arrive(self, contact: str, number: str, prefecture: str) -> None:
        arrival = Arrival(contact, f"d_{contact[2:]}", number, "12348", "pstn", prefecture, 1)
        self.both(lambda q: q.arrive(arrival, self.now))

    def wait(self, contact: str, need: Need) -> None:
        self.both(lambda q: q.wait(contact, need, self.now))

    @rule(contact=CONTACTS, number=NUMBERS, need=NEEDS)
    def arrive_and_wait(self, contact: str, number: str, need: Need) -> None:
        self.arrive(contact, number, need.prefecture)
        self.wait(contact, need)

    @rule(contact=CONTACTS, need=NEEDS)
    def retag(self, contact: str, need: Need) -> None:
        self.both(lambda q: q.retag(contact, need, "desk", self.now))

    def renew(self, contact: str) -> None:
        self.both(lambda q: q.renew(contact, self.now))

    def ringing(self, contact: str, lawyer: str, leg: str) -> None:
        self.both(lambda q: q.ringing(contact, lawyer, leg, self.now))

    @initialize(seated=st.sets(LAWYERS), callers=st.lists(st.tuples(CONTACTS, NUMBERS, NEEDS), max_size=4))
    def begin(self, seated: set[str], callers: list[tuple[str, str, Need]]) -> None:
        for lawyer in sorted(seated):
            self.take_seat(lawyer)
        for contact, number, need in callers:
            self.arrive_and_wait(contact, number, need)

    @precondition(lambda self: self.promised(ContactState.OFFERED))
    @rule(
        data=st.data(),
        how=st.sampled_from(["accept", "accept", "accept", "reject", "expire", "carrier", "phone"]),
    )
    def answer_offer(self, data: st.DataObject, how: str) -> None:
        contact = data.draw(st.sampled_from(self.promised(ContactState.OFFERED)))
        self.answer(contact.id, contact.lawyer, how)

    @precondition(lambda self: self.promised(ContactState.TALKING))
    @rule(
        data=st.data(),
        how=st.sampled_from(["room", "room", "record", "done", "drop", "leave", "next", "out"]),
    )
    def go_on_talking(self, data: st.DataObject, how: str) -> None:
        contact = data.draw(st.sampled_from(self.promised(ContactState.TALKING)))
        if how == "drop":
            self.answer(contact.id, contact.lawyer, "drop")
        elif how == "next":
            self.choose_status(contact.lawyer, "meal")
        elif how == "out":
            self.sign_out(contact.lawyer)
        elif how == "done":
            self.done(contact.id, "lawyer")
        else:
            steps = {"room": self.in_room, "record": self.recording, "leave": self.leave}
            steps[how](contact.id)

    @precondition(lambda self: self.promised(ContactState.TALKING))
    @rule(
        data=st.data(),
        how=st.sampled_from(["lose", "rejoin", "back", "hold", "take", "asked", "joined", "left", "pass_on"]),
        need=NEEDS,
        leg=st.sampled_from(["", "CA1", "CA2"]),
    )
    def in_a_talk(self, data: st.DataObject, how: str, need: Need, leg: str) -> None:
        contact = data.draw(st.sampled_from(self.promised(ContactState.TALKING)))
        id_, lawyer = contact.id, contact.lawyer
        self.in_room(id_)
        steps: dict[str, Step] = {
            "lose": lambda q: q.talk_lost(id_, lawyer, leg, self.now),
            "rejoin": lambda q: q.talk_rejoin(id_, lawyer, leg, self.now),
            "back": lambda q: q.talk_rejoined(id_, lawyer, self.now),
            "hold": lambda q: q.talk_hold(id_, lawyer, True, self.now),
            "take": lambda q: q.talk_hold(id_, lawyer, False, self.now),
            "pass_on": lambda q: q.pass_on(id_, lawyer, need, self.now),
        }
        self.both(steps.get(how, lambda q: q.talk_guest(id_, f"12345{leg}", how, self.now)))

    @precondition(lambda self: self.promised(ContactState.TALKING))
    @rule(
        data=st.data(),
        second=LAWYERS,
        how=st.sampled_from(["ask", "ask", "ask", "answered", "answered", "end", "no_answer", "hand_over"]),
    )
    def consult(self, data: st.DataObject, second: str, how: str) -> None:
        contact = data.draw(st.sampled_from(self.promised(ContactState.TALKING)))
        id_, lawyer, known = contact.id, contact.lawyer, contact.second or second
        if how == "ask":
            self.in_room(id_)
            self.take_seat(second)
        steps: dict[str, Step] = {
            "ask": lambda q: q.consult(id_, lawyer, second, self.now),
            "answered": lambda q: q.consult_answered(id_, known, self.now),
            "end": lambda q: q.consult_end(id_, known, "ended", self.now),
            "no_answer": lambda q: q.consult_end(id_, known, "no_answer", self.now),
            "hand_over": lambda q: q.hand_over(id_, lawyer, self.now),
        }
        self.both(steps[how])
        if how == "ask":
            self.both(lambda q: q.consult_ringing(id_, second, "CA7", self.now))

    def answer(self, contact: str, lawyer: str, how: str) -> None:
        steps: dict[str, Step] = {
            "accept": lambda q: q.accept(contact, lawyer, self.now),
            "reject": lambda q: q.reject(contact, lawyer, "rejected", self.now),
            "expire": lambda q: q.expire(contact, lawyer, self.now),
            "carrier": lambda q: q.fail(contact, lawyer, "carrier", self.now),
            "phone": lambda q: q.fail(contact, lawyer, "phone", self.now),
            "drop": lambda q: q.drop(contact, lawyer, "completed", self.now),
        }
        self.both(steps[how])

    def in_room(self, contact: str) -> None:
        self.both(lambda q: q.in_room(contact, self.now))

    def recording(self, contact: str) -> None:
        self.both(lambda q: q.recording(contact, "RE1", self.now))

    def done(self, contact: str, by: str) -> None:
        self.both(lambda q: q.done(contact, by, self.now))

    @rule(contact=CONTACTS)
    def leave(self, contact: str) -> None:
        """The leg on which the caller is now ended, or the one that they rang in on."""
        self.both(lambda q: q.leave(contact, self.now))
        known = self.model._memory.contacts.get(contact)
        if known is not None and known.caller_leg:
            self.both(lambda q: q.leave(f"c_{known.caller_leg[2:]}", self.now))

    @rule(
        contact=CONTACTS,
        number=st.sampled_from(["", "+8613800000009"]),
        reason=st.sampled_from(["chosen", "voicemail"]),
    )
    def choose_callback(self, contact: str, number: str, reason: str) -> None:
        self.both(lambda q: q.choose_callback(contact, number, self.now, reason))

    @rule(after=st.sampled_from([0, 40_000_000, 90_000_000]))
    def roster_is_read(self, after: int) -> None:
        """The clock says when somebody is on duty next; 0 = now."""
        self.model.duty_ms = self.now + after if after else 0
        self.run(self.redis.hset(key("duty"), "next_ms", str(self.model.duty_ms)))

    @precondition(lambda self: self.promised(ContactState.CALLBACK))
    @rule(data=st.data(), answers=st.booleans())
    def call_back(self, data: st.DataObject, answers: bool) -> None:
        """Claim it and, if a lawyer is offered, go on as far as the caller's answer."""
        contact = data.draw(st.sampled_from(self.promised(ContactState.CALLBACK)))
        self.both(lambda q: q.its_turn(contact.id, Need("general"), self.now))
        self.both(lambda q: q.claim(contact.id, Need("general"), self.now))
        claimed = self.run(self.model.contact(contact.id))
        if claimed.state is ContactState.OFFERED:
            self.answer(contact.id, claimed.lawyer, "accept")
            self.dial(contact.id)
            if answers:
                self.in_room(contact.id)
            else:
                self.leave(contact.id)

    @rule(contact=CONTACTS)
    def dial(self, contact: str) -> None:
        leg = f"CA{self.dials:032d}"
        self.dials += 1
        self.both(lambda q: q.dialled(contact, leg, self.now))

    @rule(contact=CONTACTS, reason=st.sampled_from(["hours", "carrier"]))
    def retry(self, contact: str, reason: str) -> None:
        self.both(lambda q: q.retry(contact, reason, self.now))

    @precondition(lambda self: self.promised(ContactState.ENDED))
    @rule(data=st.data(), number=st.sampled_from(["", "+8613800000009"]), after=st.sampled_from([0, 90_000]))
    def promise(self, data: st.DataObject, number: str, after: int) -> None:
        contact = data.draw(st.sampled_from(self.promised(ContactState.ENDED)))
        due = self.now + after if after else 0
        self.both(lambda q: q.promise(contact.id, number, due, "promised", self.now))

    @rule(contact=CONTACTS, number=NUMBERS, status=st.sampled_from(["", "no-answer"]))
    def missed(self, contact: str, number: str, status: str) -> None:
        arrival = Arrival(contact, f"d_{contact[2:]}", number, "12348", "pstn", "", 1)
        self.both(lambda q: q.missed(arrival, self.now - 60_000, status, self.now))

    @rule(contact=CONTACTS)
    def widen(self, contact: str) -> None:
        self.both(lambda q: q.widen(contact, self.now))

    @rule(contact=CONTACTS)
    def close_callback(self, contact: str) -> None:
        self.both(lambda q: q.close_callback(f"k_{contact[2:]}", {"signature": "u_9"}, self.now))

    @rule(lawyer=LAWYERS)
    def sign_in(self, lawyer: str) -> None:
        skills, languages, prefecture = PEOPLE[lawyer]
        who = SignIn(lawyer, f"name of {lawyer}", frozenset(skills), frozenset(languages), prefecture)
        self.both(lambda q: q.sign_in(who, self.now))

    @rule(lawyer=LAWYERS)
    def take_seat(self, lawyer: str) -> None:
        self.sign_in(lawyer)
        self.both(lambda q: q.heartbeat(lawyer, True, "", self.now))
        self.both(lambda q: q.ready(lawyer, self.now))

    @rule(lawyer=LAWYERS)
    def sign_out(self, lawyer: str) -> None:
        self.both(lambda q: q.sign_out(lawyer, self.now))

    @rule(lawyer=LAWYERS, status=st.sampled_from(["ready", "ready", "break", "meal"]))
    def choose_status(self, lawyer: str, status: str) -> None:
        if status == "ready":
            self.both(lambda q: q.ready(lawyer, self.now))
        else:
            self.both(lambda q: q.away(lawyer, status, self.now))

    @rule(lawyers=st.sets(LAWYERS, min_size=1), registered=st.sampled_from([True, True, True, False]))
    def heartbeat(self, lawyers: set[str], registered: bool) -> None:
        for lawyer in sorted(lawyers):
            known = self.run(self.model.lawyer(lawyer))
            talking = known.contact if known else ""
            self.both(partial(self.beat, lawyer, registered, talking))

    async def beat(self, lawyer: str, registered: bool, talking: str, queue: Queue) -> object:
        return await queue.heartbeat(lawyer, registered, talking, self.now)

    @rule(lawyer=LAWYERS)
    def wrapup_end(self, lawyer: str) -> None:
        self.both(lambda q: q.wrapup_end(lawyer, self.now))

    @rule()
    def sweep(self) -> None:
        """Act on every deadline that has passed, as the sweep does."""
        due = self.both(lambda q: q.due(self.now, 100))
        for one in due:
            self.both(partial(self.act_on, one))

    async def act_on(self, due: Due, queue: Queue) -> object:  # noqa: PLR0911 - one return a kind
        match due.kind:
            case DueKind.OFFER:
                contact = await queue.contact(due.owner)
                return contact and await queue.expire(due.owner, contact.lawyer, self.now)
            case DueKind.LEASE:
                contact = await queue.contact(due.owner)
                if contact is not None and contact.dial:
                    return await queue.retry(due.owner, "hours", self.now)
                leg = f"c_{contact.caller_leg[2:]}" if contact and contact.caller_leg else due.owner
                return await queue.leave(leg, self.now)
            case DueKind.CALLBACK:
                return await queue.claim(due.owner, Need("general"), self.now)
            case DueKind.TALK:
                return await queue.done(due.owner, "carrier", self.now)
            case DueKind.ROOM:
                return await queue.postpone(due, self.now + 3000)
            case DueKind.RELAX:
                return await queue.relax(due.owner, self.now)
            case DueKind.WRAPUP:
                return await queue.wrapup_end(due.owner, self.now)
            case DueKind.CONSULT:
                contact = await queue.contact(due.owner)
                return contact and await queue.consult_end(due.owner, contact.second, "no_answer", self.now)
            case DueKind.BEAT:
                return await queue.stale(due.owner, self.now)
            case _:
                return await queue.forget(due.owner, self.now)

    def place(self, contact: str) -> None:
        self.both(lambda q: q.place(contact, self.now))

    @rule(
        what=st.sampled_from(["arrive", "wait", "renew", "ringing", "in_room", "recording", "done", "place"]),
        contact=CONTACTS,
        lawyer=LAWYERS,
        need=NEEDS,
        leg=st.sampled_from(["CA1", "CA2"]),
    )
    def late_or_impossible(self, what: str, contact: str, lawyer: str, need: Need, leg: str) -> None:
        """Whatever comes, at whatever time, about whomever."""
        match what:
            case "arrive":
                self.arrive(contact, "+8613800000001", need.prefecture)
            case "wait":
                self.wait(contact, need)
            case "ringing":
                self.ringing(contact, lawyer, leg)
            case "done":
                self.done(contact, "carrier")
            case "place":
                self.place(contact)
            case "renew":
                self.renew(contact)
            case "in_room":
                self.in_room(contact)
            case _:
                self.recording(contact)

    @rule(
        contact=CONTACTS,
        lawyer=LAWYERS,
        how=st.sampled_from(["accept", "reject", "expire", "carrier", "phone", "drop"]),
    )
    def answer_to_another_offer(self, contact: str, lawyer: str, how: str) -> None:
        self.answer(contact, lawyer, how)


@pytest.fixture(autouse=True, scope="module")
def contract(valkey_url: str) -> Iterator[None]:
    with asyncio.Runner() as runner:
        QueueContract.runner = runner
        QueueContract.redis = open_redis(valkey_url)
        yield
        runner.run(QueueContract.redis.aclose())


QueueContract.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestQueueContract = QueueContract.TestCase
