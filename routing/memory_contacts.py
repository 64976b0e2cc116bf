"""The half of the plain-Python queue that moves contacts."""

from collections.abc import Mapping
from dataclasses import replace

from . import contact as contacts
from . import policy
from .contact import ContactEvent
from .lawyer import LawyerEvent
from .memory_callbacks import is_callable
from .memory_state import NOTHING_SPECIAL
from .memory_steps import ON_LINE, MemorySteps
from .ports import Arrival, Contact, ContactState, DueKind, Lawyer, Move, Need
from .records import arrived_body, new_contact


class MemoryContacts(MemorySteps):
    duty_ms = 0  # when somebody is on duty again, as the roster says

    async def arrive(self, arrival: Arrival, now: int) -> Move:
        m = self._at(now)
        if (known := self._known(arrival.contact)) is not None:
            return Move(False, known)
        m.fact("contact.arrived", arrival.contact, **arrived_body(arrival))
        m.passed[arrival.contact] = {}
        m.set_due(DueKind.LEASE, arrival.contact, self._rules.times.menu_lease)
        return Move(True, m.put(new_contact(arrival, now)))

    async def wait(self, contact: str, need: Need, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if contacts.advance(c.id, c.state, ContactEvent.WAIT) is None:
            return Move(False, c)
        kind = policy.type_of(need)
        c = self._callbacks.take_over(m.put(c, place_ms=policy.place_ms(now, need.priority, self._rules)))
        place, step = c.place_ms, m.first_manned_step(kind)
        prefecture = need.prefecture or c.prefecture
        chose = {"digit": need.digit, "channel": need.channel, "evidence": list(need.evidence)}
        chose["prefer"] = need.prefer
        m.fact("contact.chose", c.id, **chose, language=need.language, prefecture=prefecture)
        waits = {"type": kind, "priority": need.priority, "place_ms": place, "step": step}
        m.fact("contact.waiting", c.id, **waits, since_ms=now)
        m.arrivals.insert(0, now)
        del m.arrivals[policy.SAMPLES :]
        for lawyer in need.conflicts:
            m.passed[c.id][lawyer] = now + policy.FOR_GOOD_MS
            m.fact("contact.passed_over", c.id, lawyer, reason="conflict")
        m.set_due(DueKind.LEASE, c.id, self._rules.times.wait_lease)
        c = m.put(
            c,
            ContactEvent.WAIT,
            channel=need.channel,
            digit=need.digit,
            evidence=need.evidence,
            prefer=need.prefer,
            language=need.language,
            prefecture=prefecture,
            waiting_since_ms=now,
            **waits,
        )
        return self._moved(c.id, offers=m.seek_lawyer(c))

    async def retag(self, contact: str, need: Need, reason: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        kind = policy.type_of(need)
        if c.state is not ContactState.WAITING or (kind, need.priority) == (c.type, c.priority):
            return Move(False, c)
        place = policy.place_ms(c.waiting_since_ms, need.priority, self._rules)
        is_now = {
            "channel": need.channel,
            "type": kind,
            "language": need.language,
            "priority": need.priority,
            "prefecture": need.prefecture or c.prefecture,
            "place_ms": place,
            "step": m.first_manned_step(kind),
        }
        m.settle(c.id, DueKind.RELAX)
        m.fact("contact.retagged", c.id, **is_now, reason=reason)
        return self._moved(c.id, offers=m.seek_lawyer(m.put(c, **is_now)))

    async def renew(self, contact: str, now: int) -> Move:
        m, c, times = self._at(now), self._contact(contact), self._rules.times
        if c.state not in ON_LINE or (c.dial and c.state is not ContactState.TALKING):
            return Move(False, c)
        if c.state is ContactState.TALKING:
            m.set_due(DueKind.TALK, c.id, times.talk_lease)
        else:
            in_menu = c.state is ContactState.MENU
            m.set_due(DueKind.LEASE, c.id, times.menu_lease if in_menu else times.wait_lease)
        return Move(True, c)

    async def ringing(self, contact: str, lawyer: str, leg: str, now: int) -> Move:
        m, c = self._at(now), self._known(contact)
        promised = (ContactState.OFFERED, ContactState.TALKING)
        if c is None or c.lawyer != lawyer or c.state not in promised:
            return Move(False, c)
        if c.leg:
            return Move(c.leg == leg, c)
        return Move(True, m.put(c, leg=leg))

    async def accept(self, contact: str, lawyer: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if contacts.advance(c.id, c.state, ContactEvent.ACCEPT) is None or c.lawyer != lawyer:
            return Move(False, c, m.lawyers.get(lawyer))
        m.settle(c.id, DueKind.OFFER, DueKind.LEASE)
        m.set_due(DueKind.TALK, c.id, self._rules.times.talk_lease)
        m.set_due(DueKind.ROOM, c.id, self._rules.times.room_retry)
        m.seats[lawyer].talk_from_ms = now
        m.fact("contact.accepted", c.id, lawyer, waited_ms=now - c.waiting_since_ms, talk=c.talk + 1)
        talk = {"talk": c.talk + 1, "talk_since_ms": now, "until_ms": 0, "in_room": False, "recording": ""}
        m.put(c, ContactEvent.ACCEPT, **talk, **NOTHING_SPECIAL)
        m.seat(m.lawyers[lawyer], LawyerEvent.ACCEPT)
        return self._moved(c.id, lawyer)

    async def reject(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if self._is_not_offered(c, lawyer):
            return Move(False, c, m.lawyers.get(lawyer))
        m.fact("offer.rejected", c.id, lawyer, reason=reason)
        return self._returned(c, m.lawyers[lawyer], self._rules.times.pass_over)

    async def expire(self, contact: str, lawyer: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if self._is_not_offered(c, lawyer):
            return Move(False, c, m.lawyers.get(lawyer))
        m.fact("offer.expired", c.id, lawyer, rang_ms=now - c.offered_ms)
        return self._returned(c, m.be_away(m.lawyers[lawyer], "missed"), self._rules.times.pass_over)

    async def fail(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        m, c, times = self._at(now), self._contact(contact), self._rules.times
        if self._is_not_offered(c, lawyer):
            return Move(False, c, m.lawyers.get(lawyer))
        m.fact("offer.failed", c.id, lawyer, reason=reason)
        if reason == "carrier":
            return self._returned(c, m.lawyers[lawyer], times.carrier_retry)
        return self._returned(c, m.be_away(m.lawyers[lawyer], "phone"), times.pass_over)

    async def drop(self, contact: str, lawyer: str, reason: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if contacts.advance(c.id, c.state, ContactEvent.DROP) is None or c.lawyer != lawyer:
            return Move(False, c, m.lawyers.get(lawyer))
        talk_ms = m.talk_of(c, found_out=reason == "lost")
        m.settle(c.id, DueKind.TALK, DueKind.ROOM)
        m.fact("contact.dropped", c.id, lawyer, reason=reason, talk_ms=talk_ms)
        m.wrap_up(m.lawyers[lawyer])
        talked = c.talked_ms + talk_ms
        second, c = c.second, m.let_second_go(c, "talk_over") if c.second else c
        offers = list(m.back_to_place(c, ContactEvent.DROP, talked_ms=talked, prefer=lawyer))
        if second:
            offers += m.seek_contact(m.lawyers[second])
        return self._moved(c.id, lawyer, offers, c.leg)

    async def done(self, contact: str, ended_by: str, now: int) -> Move:
        self._at(now)
        c = self._contact(contact)
        if contacts.advance(c.id, c.state, ContactEvent.DONE) is None:
            return Move(False, c)
        return self._finished(c, ended_by)

    async def leave(self, contact: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        their_leg = contact == f"c_{c.caller_leg[2:]}" if c.caller_leg else not c.dial
        if not their_leg or contacts.advance(c.id, c.state, ContactEvent.LEAVE) is None:
            return Move(False, c)
        if c.state is ContactState.TALKING and c.in_room:
            return self._finished(c, "caller")
        answered = c.state is ContactState.TALKING
        stage = "answered" if answered else c.state.value
        waited = now - c.waiting_since_ms if c.waiting_since_ms else 0
        reason = "dropped" if c.talk and not answered else "abandoned"
        if c.dial:
            reason = "unanswered"
        else:
            m.fact("contact.abandoned", c.id, stage=stage, waited_ms=waited)
        self._callbacks.open(c, ContactEvent.LEAVE, reason, 0 if c.dial else self._again_ms())
        return self._moved(c.id, c.lawyer, m.free_lawyer(c.lawyer) if c.lawyer else (), c.leg)

    async def choose_callback(self, contact: str, number: str, now: int, reason: str = "chosen") -> Move:
        m, c = self._at(now), self._contact(contact)
        owed = m.callbacks.get(c.callback)
        if c.state is ContactState.CALLBACK and owed and number not in {"", owed["number"]}:
            self._callbacks.number(c, owed, number)
            return self._moved(c.id)
        if c.dial or contacts.advance(c.id, c.state, ContactEvent.CALLBACK) is None:
            return Move(False, c)
        c = m.put(c, callback_number=number or c.callback_number)
        m.fact("contact.callback", c.id, number=c.callback_number, reason=reason)
        at_ms = self._again_ms()
        if at_ms and reason == "chosen":
            reason = "nobody_on_duty"
        self._callbacks.open(c, ContactEvent.CALLBACK, reason, at_ms)
        return self._moved(c.id, c.lawyer, m.free_lawyer(c.lawyer) if c.lawyer else (), c.leg)

    async def missed(
        self, arrival: Arrival, started_ms: int, status: str, now: int, reason: str = "outage"
    ) -> Move:
        m = self._at(now)
        if (known := self._known(arrival.contact)) is not None:
            return Move(False, known)
        c = replace(new_contact(arrival, started_ms), place_ms=started_ms)
        m.fact("contact.arrived", c.id, **arrived_body(arrival), **({"missed": status} if status else {}))
        m.facts[-1] = replace(m.facts[-1], at_ms=started_ms)
        m.passed[c.id] = {}
        self._callbacks.open(m.put(c), ContactEvent.LEAVE, reason)
        return self._moved(c.id)

    async def promise(self, contact: str, number: str, due_ms: int, reason: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if c.state is not ContactState.ENDED:
            return Move(False, c)
        if number:
            c = m.put(c, callback_number=number)
            m.fact("contact.callback", c.id, number=number, reason=reason)
        self._callbacks.open(c, ContactEvent.OWE, reason, due_ms)
        return self._moved(c.id)

    async def in_room(self, contact: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if c.state is not ContactState.TALKING or c.in_room:
            return Move(False, c)
        m.fact("contact.joined", c.id, c.lawyer)
        since = now if c.dial else c.talk_since_ms  # until now their phone rang
        return Move(True, m.put(c, in_room=True, dial=False, talk_since_ms=since))

    async def recording(self, contact: str, recording: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if c.state is not ContactState.TALKING or c.recording:
            return Move(False, c)
        if c.in_room:
            m.settle(c.id, DueKind.ROOM)
        m.fact("recording.started", c.id, c.lawyer, recording=recording)
        return Move(True, m.put(c, recording=recording))

    async def relax(self, contact: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if c.state is not ContactState.WAITING:
            return Move(False, c)
        m.settle(c.id, DueKind.RELAX)
        load = m.load()
        step = policy.next_step(c.step, now - c.waiting_since_ms, load, self._rules)
        if step != c.step:
            m.fact("contact.relaxed", c.id, step=step, load=load)
        return self._moved(c.id, offers=m.seek_lawyer(m.put(c, step=step)))

    async def widen(self, contact: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if c.state is not ContactState.WAITING or c.step + 1 >= len(self._rules.ladder):
            return Move(False, c)
        m.settle(c.id, DueKind.RELAX)
        m.fact("contact.relaxed", c.id, step=c.step + 1, asked=True)
        return self._moved(c.id, offers=m.seek_lawyer(m.put(c, step=c.step + 1)))

    async def forget(self, contact: str, now: int) -> Move:
        m = self._at(now)
        if m.due.get((DueKind.FORGET, contact), now + 1) > now:
            return Move(False, self._known(contact))
        m.settle(contact, DueKind.FORGET)
        del m.contacts[contact]
        m.legs = {leg: owner for leg, owner in m.legs.items() if owner != contact}
        return Move(True)

    async def claim(self, contact: str, need: Need, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        k = m.callbacks.get(c.callback)
        if c.state is not ContactState.CALLBACK or k is None or k["taken_by"] or not is_callable(k["number"]):
            return Move(False, c)
        kind = {"type": c.type, "channel": c.channel, "language": c.language, "priority": c.priority}
        if not c.type:
            kind = {"type": policy.type_of(need), "channel": need.channel}
            kind |= {"language": need.language, "priority": need.priority}
        return self._moved(c.id, offers=self._callbacks.claim(c, k, kind))

    async def its_turn(self, contact: str, need: Need, now: int) -> bool:
        m = self._at(now)
        c = self._known(contact)
        k = m.callbacks.get(c.callback) if c is not None else None
        if c is None or k is None or now >= k["due_ms"] - self._rules.times.callback_latest:
            return True
        able = policy.able(c.type or policy.type_of(need), m.profiles(), self._rules)
        last = policy.last_free_step(self._rules)
        return any(m.idle(row.profile) for row in able if row.step <= last)

    async def dialled(self, contact: str, leg: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if c.state is not ContactState.TALKING or not c.dial or c.caller_leg:
            return Move(False, c)
        m.legs[f"c_{leg[2:]}"] = c.id
        m.fact("callback.dialled", c.id, c.lawyer, callback=c.callback, leg=leg)
        return Move(True, m.put(c, caller_leg=leg))

    async def retry(self, contact: str, reason: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if not c.dial:
            return Move(False, c)
        self._callbacks.retry(c, reason)
        return self._moved(c.id, c.lawyer, m.free_lawyer(c.lawyer) if c.lawyer else (), c.leg)

    async def close_callback(self, callback: str, closing: Mapping[str, object], now: int) -> bool:
        m = self._at(now)
        if (k := m.callbacks.get(callback)) is None:
            return False
        if m.contacts[k["contact"]].state in {ContactState.OFFERED, ContactState.TALKING}:
            return False  # it is being answered right now
        self._callbacks.close(callback, closing)
        return True

    def _again_ms(self) -> int:
        """Return when those who find nobody on duty are called, 0 if somebody is."""
        m = self._memory
        if any(map(m.is_on_duty, m.lawyers.values())):
            return 0
        return max(policy.hours(m.now, self._rules).first, policy.sensible(self.duty_ms, self._rules))

    def _is_not_offered(self, c: Contact, lawyer: str) -> bool:
        return contacts.advance(c.id, c.state, ContactEvent.RETURN) is None or c.lawyer != lawyer

    def _returned(self, c: Contact, lawyer: Lawyer, pass_ms: int) -> Move:
        return self._moved(c.id, lawyer.id, self._memory.return_offer(c, lawyer, pass_ms), c.leg)

    def _finished(self, c: Contact, ended_by: str) -> Move:
        m = self._memory
        talk_ms = m.talk_of(c, found_out=ended_by == "carrier")
        m.settle(c.id, DueKind.TALK, DueKind.ROOM)
        m.fact("contact.done", c.id, c.lawyer, ended_by=ended_by, talk_ms=talk_ms)
        talked_ms = c.talked_ms + talk_ms
        second, leg, c = (
            c.second,
            c.leg,
            m.put(c, leg="", talked_ms=talked_ms, prefer=c.lawyer, **NOTHING_SPECIAL),
        )
        if second:
            c = m.let_second_go(c, "talk_over")
        self._callbacks.talked(c)
        m.wrap_up(m.lawyers[c.lawyer])
        offers = m.seek_contact(m.lawyers[second]) if second else ()
        return self._moved(c.id, c.lawyer, offers, leg)
