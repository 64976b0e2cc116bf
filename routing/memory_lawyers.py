"""The half of the plain-Python queue that moves lawyers."""

from . import policy
from .contact import ContactEvent
from .lawyer import LawyerEvent
from .memory_state import Seat
from .memory_steps import MemorySteps
from .ports import DueKind, Lawyer, LawyerState, LawyerStatus, Move, SignIn


class MemoryLawyers(MemorySteps):
    async def sign_in(self, who: SignIn, now: int) -> Move:
        m = self._at(now)
        known = m.lawyers.get(who.lawyer)
        if known is not None and known.state is not LawyerState.OFFLINE:
            return Move(False, lawyer=known)
        profile = policy.profile_of(who.skills, who.languages, who.prefecture)
        can = {"skills": sorted(who.skills), "languages": sorted(who.languages), "profile": profile}
        m.fact("lawyer.signed_in", "", who.lawyer, **can, prefecture=who.prefecture, name=who.name)
        m.seats[who.lawyer] = Seat()
        m.lawyers[who.lawyer] = lawyer = Lawyer(
            id=who.lawyer,
            name=who.name,
            status=LawyerStatus.AWAY,
            state=LawyerState.IDLE,
            skills=who.skills,
            languages=who.languages,
            prefecture=who.prefecture,
            since_ms=now,
            profile=profile,
            idle_since_ms=now,
        )
        return Move(True, lawyer=lawyer)

    async def sign_out(self, lawyer: str, now: int) -> Move:
        m, one = self._at(now), self._lawyer(lawyer)
        if one.state is LawyerState.OFFLINE or one.next_status == "offline":
            return Move(False, lawyer=one)
        one = m.seat(one, next_status="offline")
        m.seats[lawyer].next_reason = ""
        if one.state is LawyerState.TALKING:
            m.fact("lawyer.next", "", lawyer, status="offline")
            return self._moved(lawyer=lawyer)
        if one.state is not LawyerState.OFFERED:
            m.move_on(one)
            return self._moved(lawyer=lawyer)
        c = self._contact(one.contact)
        if c.second == lawyer:
            m.let_second_go(c, "signed_out")
            return self._moved(c.id, lawyer, stop=c.second_leg)
        m.settle(c.id, DueKind.OFFER)
        m.passed[c.id][lawyer] = now + self._rules.times.pass_over
        m.fact("offer.rejected", c.id, lawyer, reason="signed_out")
        m.move_on(m.seat(one, LawyerEvent.RETURN, contact=""))
        return self._moved(c.id, lawyer, m.back_to_place(c, ContactEvent.RETURN), c.leg)

    async def ready(self, lawyer: str, now: int) -> Move:
        m, one = self._at(now), self._lawyer(lawyer)
        if one.state is LawyerState.OFFLINE:
            return Move(False, lawyer=one)
        is_ready = one.status is LawyerStatus.READY
        if one.state is LawyerState.TALKING:
            return self._next(one, "" if is_ready else "ready", "")
        if is_ready and one.state is not LawyerState.WRAPUP:
            return Move(False, lawyer=one)
        if not is_ready:
            m.fact("lawyer.ready", "", lawyer)
            since = now if one.state is LawyerState.IDLE else one.idle_since_ms
            one = m.seat(one, status=LawyerStatus.READY, away_reason="", idle_since_ms=since)
        if one.state is LawyerState.WRAPUP:
            one = m.end_wrapup(one)
        return self._moved(lawyer=lawyer, offers=m.seek_contact(one))

    async def away(self, lawyer: str, reason: str, now: int) -> Move:
        m, one = self._at(now), self._lawyer(lawyer)
        if one.state is LawyerState.TALKING:
            return self._next(one, "away", reason)
        is_so = one.status is LawyerStatus.AWAY and one.away_reason == reason
        if one.state is LawyerState.OFFLINE or is_so:
            return Move(False, lawyer=one)
        return Move(True, lawyer=m.be_away(one, reason))

    async def heartbeat(self, lawyer: str, registered: bool, talking: str, now: int) -> Move:
        m, one = self._at(now), self._lawyer(lawyer)
        if one.state is LawyerState.OFFLINE:
            return Move(False, lawyer=one)
        seat = m.seats[lawyer]
        seat.desk_ms = now
        seat.phone_ms = now if registered else seat.phone_ms
        theirs = registered and one.state is LawyerState.TALKING and one.contact == talking
        if theirs and self._contact(talking).second != lawyer:
            m.set_due(DueKind.TALK, one.contact, self._rules.times.talk_lease)
        until = m.fresh_until(lawyer)
        if until <= now:
            return Move(True, lawyer=m.become_stale(one)) if one.fresh else Move(False, lawyer=one)
        m.due[DueKind.BEAT, lawyer] = until
        if one.fresh:
            return Move(False, lawyer=one)
        m.fact("lawyer.fresh", "", lawyer)
        return self._moved(lawyer=lawyer, offers=m.seek_contact(m.seat(one, fresh=True)))

    async def stale(self, lawyer: str, now: int) -> Move:
        m, one = self._at(now), self._lawyer(lawyer)
        if not one.fresh or m.fresh_until(lawyer) > now:
            return Move(False, lawyer=one)
        return Move(True, lawyer=m.become_stale(one))

    async def wrapup_end(self, lawyer: str, now: int) -> Move:
        m, one = self._at(now), self._lawyer(lawyer)
        if one.state is not LawyerState.WRAPUP:
            return Move(False, lawyer=one)
        return self._moved(lawyer=lawyer, offers=m.seek_contact(m.end_wrapup(one)))

    def _next(self, lawyer: Lawyer, status: str, reason: str) -> Move:
        m, seat = self._memory, self._memory.seats[lawyer.id]
        if (lawyer.next_status, seat.next_reason) == (status, reason):
            return Move(False, lawyer=lawyer)
        seat.next_reason = reason
        m.fact("lawyer.next", "", lawyer.id, status=status, **({"reason": reason} if reason else {}))
        return Move(True, lawyer=m.seat(lawyer, next_status=status))
