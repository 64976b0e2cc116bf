"""The part of the plain-Python queue that moves talks on: re-joining, holding, consulting, handing over."""

from . import policy
from .contact import ContactEvent
from .lawyer import LawyerEvent
from .memory_steps import MemorySteps
from .ports import Contact, ContactState, DueKind, LawyerState, LawyerStatus, Move, Need


class MemoryTalks(MemorySteps):
    async def talk_lost(self, contact: str, lawyer: str, leg: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if not self._is_theirs(c, lawyer) or c.leg != leg or c.lost_ms:
            return Move(False, c)
        m.set_due(DueKind.TALK, c.id, self._rules.times.rejoin)
        m.fact("talk.leg_lost", c.id, lawyer)
        return Move(True, m.put(c, lost_ms=now))

    async def talk_rejoin(self, contact: str, lawyer: str, leg: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if not self._is_theirs(c, lawyer) or c.leg == leg:
            return Move(False, c)
        if not c.lost_ms:
            m.fact("talk.leg_lost", c.id, lawyer)
        m.set_due(DueKind.TALK, c.id, self._rules.times.rejoin)
        return Move(True, m.put(c, leg=leg, lost_ms=c.lost_ms or now), stop=c.leg)

    async def talk_rejoined(self, contact: str, lawyer: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if not self._is_theirs(c, lawyer) or not c.lost_ms:
            return Move(False, c)
        m.fact("talk.rejoined", c.id, lawyer, after_ms=now - c.lost_ms)
        m.set_due(DueKind.TALK, c.id, self._rules.times.talk_lease)
        return Move(True, m.put(c, lost_ms=0))

    async def talk_hold(self, contact: str, lawyer: str, held: bool, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if not self._is_theirs(c, lawyer) or c.held == held:
            return Move(False, c)
        m.fact("talk.held", c.id, lawyer, held=held)
        return Move(True, m.put(c, held=held))

    async def talk_guest(self, contact: str, guest: str, state: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        fits = {
            "asked": not c.guest,
            "joined": (c.guest, c.guest_state) == (guest, "asked"),
            "left": c.guest == guest,
        }
        if not self._is_theirs(c, c.lawyer) or not fits[state]:
            return Move(False, c)
        m.fact("talk.guest", c.id, c.lawyer, guest=guest, state=state)
        is_now = ("", "") if state == "left" else (guest, state)
        return Move(True, m.put(c, guest=is_now[0], guest_state=is_now[1]))

    async def consult(self, contact: str, lawyer: str, second: str, now: int) -> Move:
        m, c, one = self._at(now), self._contact(contact), self._lawyer(second)
        able = one.state is LawyerState.IDLE and one.status is LawyerStatus.READY and one.fresh
        if not self._is_theirs(c, lawyer) or c.second or not able or m.fresh_until(second) <= now:
            return Move(False, c, one)
        until = now + self._rules.times.ring
        m.due[DueKind.CONSULT, c.id] = until
        m.fact("consult.asked", c.id, second, by=lawyer, until_ms=until)
        m.put(c, second=second, second_leg="")
        m.seat(one, LawyerEvent.OFFER, contact=c.id)
        return self._moved(c.id, second)

    async def consult_ringing(self, contact: str, second: str, leg: str, now: int) -> Move:
        m, c = self._at(now), self._known(contact)
        if c is None or c.state is not ContactState.TALKING or c.second != second:
            return Move(False, c)
        if c.second_leg:
            return Move(c.second_leg == leg, c)
        return Move(True, m.put(c, second_leg=leg))

    async def consult_answered(self, contact: str, second: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        one = m.lawyers.get(second)
        asked = c.state is ContactState.TALKING and c.second == second
        if not asked or one is None or one.state is not LawyerState.OFFERED:
            return Move(False, c, one)
        m.settle(c.id, DueKind.CONSULT)
        m.fact("consult.answered", c.id, second, by=c.lawyer)
        m.seats[second].talk_from_ms = now
        m.seat(one, LawyerEvent.ACCEPT)
        return self._moved(c.id, second)

    async def consult_end(self, contact: str, second: str, reason: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if not c.second or c.second != second:
            return Move(False, c, m.lawyers.get(second))
        m.let_second_go(c, reason)
        return self._moved(c.id, second, m.seek_contact(m.lawyers[second]), c.second_leg)

    async def hand_over(self, contact: str, lawyer: str, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        one, second = m.lawyers.get(lawyer), m.lawyers.get(c.second)
        talks = c.state is ContactState.TALKING and c.lawyer == lawyer
        if one is None or second is None or not talks or second.state is not LawyerState.TALKING:
            return Move(False, c, one)
        m.fact("talk.handed_over", c.id, second.id, **{"from": lawyer})
        m.set_due(DueKind.TALK, c.id, self._rules.times.talk_lease)
        theirs = {"lawyer": second.id, "leg": c.second_leg, "second": "", "second_leg": ""}
        m.put(c, held=False, lost_ms=0, **theirs)
        m.wrap_up(one)
        return self._moved(c.id, lawyer, stop=c.leg)

    async def pass_on(self, contact: str, lawyer: str, need: Need, now: int) -> Move:
        m, c = self._at(now), self._contact(contact)
        if not self._is_theirs(c, lawyer) or c.dial:
            return Move(False, c, m.lawyers.get(lawyer))
        talk_ms = m.talk_of(c, found_out=False)
        m.settle(c.id, DueKind.TALK, DueKind.ROOM)
        m.fact("contact.dropped", c.id, lawyer, reason="passed_on", talk_ms=talk_ms)
        kind, head_start = policy.type_of(need), self._rules.head_starts_ms.get(need.priority, 0)
        is_now = {
            "type": kind,
            "priority": need.priority,
            "channel": need.channel,
            "language": need.language,
            "place_ms": min(c.place_ms, c.waiting_since_ms - head_start),
            "step": m.first_manned_step(kind),
        }
        m.fact("contact.retagged", c.id, reason="passed_on", prefecture=c.prefecture, **is_now)
        second, leg, c = c.second, c.leg, m.put(c, talked_ms=c.talked_ms + talk_ms, prefer="", **is_now)
        m.wrap_up(m.lawyers[lawyer])
        if second:
            c = m.let_second_go(c, "talk_over")
        offers = list(m.back_to_place(c, ContactEvent.DROP))
        if second:
            offers += m.seek_contact(m.lawyers[second])
        return self._moved(c.id, lawyer, offers, leg)

    @staticmethod
    def _is_theirs(contact: Contact, lawyer: str) -> bool:
        """Do this lawyer and the caller talk, both in the room?"""
        return contact.state is ContactState.TALKING and contact.lawyer == lawyer and contact.in_room
