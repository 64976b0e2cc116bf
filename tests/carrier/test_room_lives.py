"""A room under any order of joins, leaves, orders and ends keeps what it promises."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from carrier.app import Carrier
from carrier.calls import Call
from carrier.conferences import Conference
from carrier.config import Config
from carrier.errors import RestError
from carrier.participants import Ending, Leaving, Participant, Wishes
from carrier.ports import Cause
from tests.carrier.fakes import FakeMixer, FakePhone, FakePhones, FakePort

from .harness import ACCOUNT, TOKEN

MOST = 4
WHO = st.integers(0, MOST - 1)


class RoomLives(RuleBasedStateMachine):
    """Four legs and one name; rooms under that name come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.loop.run(self._open())
        self.here: list[Participant] = []
        self.rooms: list[Conference] = []

    async def _open(self) -> None:
        config = Config(account_sid=ACCOUNT, auth_token=TOKEN, state_dir=Path(self.folder.name))
        self.carrier = Carrier(config, FakeMixer(), FakePhones)

    def teardown(self) -> None:
        async def close() -> None:
            await self.carrier.network.stop()
            self.carrier.network.journal.close()

        self.loop.run(close())
        self.loop.close()
        self.folder.cleanup()

    @property
    def room(self) -> Conference | None:
        return self.carrier.network.conferences.open_room("c_1")

    def _one(self, who: int) -> Participant | None:
        """One of those here, if there is anybody."""
        return self.here[who % len(self.here)] if self.here else None

    def _do(self, action: Callable[[], object]) -> None:
        """Run a synchronous step inside the loop, then let what it started have its turn."""

        async def step() -> None:
            action()
            for _ in range(5):
                await asyncio.sleep(0)

        self.loop.run(step())

    @initialize(starts=st.booleans(), ends=st.booleans())
    def two_come(self, starts: bool, ends: bool) -> None:
        self._invite(starts, ends, muted=False, answers=True)
        self._invite(True, False, muted=False, answers=True)

    @rule(starts=st.booleans(), ends=st.booleans(), muted=st.booleans(), answers=st.booleans())
    def invite(self, starts: bool, ends: bool, muted: bool, answers: bool) -> None:
        self._invite(starts, ends, muted=muted, answers=answers)

    def _invite(self, starts: bool, ends: bool, *, muted: bool, answers: bool) -> None:
        who = len(self.here)
        if who == MOST:
            return

        def step() -> None:
            room = self.room or self.carrier.network.conferences.create("c_1")
            if room not in self.rooms:
                self.rooms.append(room)
            phone = FakePhone("client:u")
            call = self.carrier.network.calls.open(to=phone.address, from_="1", direction="outbound-api")
            call.endpoint, phone.listener = phone, call
            wishes = Wishes(start_on_enter=starts, end_on_exit=ends, muted=muted, beep="false")
            participant = room.expect(call, wishes)
            self.here.append(participant)
            if answers:
                phone.pick_up()
                room.join(participant)

        self._do(step)

    @rule(who=WHO, reason=st.sampled_from([Leaving.HUNG_UP, Leaving.UPDATED, Leaving.ADD_FAILED]))
    def leave(self, who: int, reason: Leaving) -> None:
        if (participant := self._one(who)) is not None and (room := self.room) is not None:
            self._do(lambda: (room.leave(participant, reason), room.leave(participant, reason)))

    @rule(who=WHO, muted=st.none() | st.booleans(), coach=st.none() | WHO | st.just(-1))
    def change(self, who: int, muted: bool | None, coach: int | None) -> None:
        if (participant := self._one(who)) is None or (room := self.room) is None:
            return
        coached = self._one(coach) if coach is not None and coach >= 0 and coach != who else None
        sid = (
            "" if coach == -1 else None if coach is None else coached.call.sid if coached else "CA" + "0" * 32
        )

        def step() -> None:
            before = (participant.muted, participant.coach)
            try:
                room.change(participant, muted=muted, coach=sid)
            except RestError:
                assert (participant.muted, participant.coach) == before

        self._do(step)

    @rule(who=WHO, held=st.booleans())
    def hold(self, who: int, held: bool) -> None:
        if (participant := self._one(who)) is not None and (room := self.room) is not None:
            self._do(lambda: room.hold(participant, held, None))

    @precondition(lambda self: self.room is not None)
    @rule()
    def complete(self) -> None:
        room = self.room
        assert room is not None
        self._do(lambda: room.end(Ending.API))

    @invariant()
    def who_has_gone_is_gone(self) -> None:
        for participant in list(self.here):
            if participant.gone.is_set():
                assert participant.reason is not None
                assert self._port(participant.call).room is None
                self.here.remove(participant)

    @invariant()
    def a_room_is_open_while_somebody_is_in_it_or_on_the_way(self) -> None:
        for room in self.rooms:
            assert (room.status == "completed") == (not room.participants)
            assert (room.status == "completed") == (room.ending is not None)
        assert sum(r.status != "completed" for r in self.rooms) == (self.room is not None)

    @invariant()
    def only_the_present_of_a_started_room_hear_each_other(self) -> None:
        if (room := self.room) is None:
            return
        started = room.status == "in-progress"
        for participant in room.participants.values():
            port = self._port(participant.call)
            assert (port.room is not None) == (started and participant.present)
            if port.room is not None:
                assert port.room.members.count(port) == 1
                assert port.shaped["held"] is participant.hold
                unheard = participant.muted or (
                    participant.coach is not None and port.shaped["coaching"] is None
                )
                assert port.shaped["muted"] is unheard
        here = [p for p in room.participants.values() if p.present]
        if not started:
            assert len(here) < 2 or not any(p.wishes.start_on_enter for p in here)

    @staticmethod
    def _port(call: Call) -> FakePort:
        phone = call.endpoint
        assert isinstance(phone, FakePhone)
        assert phone.cause in {None, Cause.HANGUP, Cause.CANCELED}
        return phone.port


TestRoomLives = RoomLives.TestCase
TestRoomLives.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
