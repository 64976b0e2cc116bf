"""Rooms, mute, hold, coach, playback, taps: one tick at a time, without a clock."""

import asyncio
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrier import audio
from carrier.jitter import SILENT
from carrier.mixer import Line, MixRoom, TickMixer
from carrier.ports import FRAME, Pcm


class Desk:
    """A mixer whose legs say one constant number each; what they hear is that number again."""

    def __init__(self, *levels: int) -> None:
        self.mixer = TickMixer()
        self.heard: dict[Line, int] = {}
        self.lines = [self._line() for _ in levels]
        self.levels = list(levels)
        self.at = 0
        room = self.mixer.room()
        assert isinstance(room, MixRoom)
        self.room = room

    def _line(self) -> Line:
        line = self.mixer.line()
        line.connect(lambda pcm: self.heard.__setitem__(line, int(pcm[0])))
        return line

    def gather(self) -> None:
        for line in self.lines:
            self.room.join(line)

    def tick(self, times: int = 1) -> list[int]:
        """Let everybody speak for a tick; return what each hears once their voices are through."""
        for _ in range(times + 2):
            for line, level in zip(self.lines, self.levels, strict=True):
                if level:
                    line.inlet.put(self.at, np.full(FRAME, level, np.int16))
            self.at += FRAME
            self.mixer.tick()
        return [self.heard.get(line, 0) for line in self.lines]


async def test_each_hears_all_the_others_and_not_itself() -> None:
    desk = Desk(1, 10, 100, 1000)
    desk.gather()
    assert desk.tick() == [1110, 1101, 1011, 111]


async def test_out_of_a_room_there_is_silence() -> None:
    assert Desk(1, 10).tick() == [0, 0]


async def test_loud_voices_are_clipped_not_wrapped() -> None:
    desk = Desk(30000, 30000, -1)
    desk.gather()
    assert desk.tick() == [29999, 29999, 32767]


async def test_muted_hears_and_is_not_heard() -> None:
    desk = Desk(1, 10, 100)
    desk.gather()
    desk.room.shape(desk.lines[0], muted=True, held=False, coaching=None)
    assert desk.tick() == [110, 100, 10]


async def test_held_is_isolated_and_hears_its_own_music() -> None:
    desk = Desk(1, 10, 100)
    desk.gather()
    desk.room.shape(desk.lines[0], muted=False, held=True, coaching=None)
    assert desk.tick() == [0, 100, 10]
    desk.lines[0].play(audio.clip(np.full(FRAME, 7, np.int16), 0))
    assert desk.tick() == [7, 100, 10]


async def test_a_coach_hears_all_and_is_heard_by_one() -> None:
    desk = Desk(1, 10, 100)
    desk.gather()
    desk.room.shape(desk.lines[2], muted=False, held=False, coaching=desk.lines[0])
    assert desk.tick() == [110, 1, 11]
    desk.room.shape(desk.lines[2], muted=True, held=False, coaching=desk.lines[0])
    assert desk.tick() == [10, 1, 11]


async def test_an_announcement_is_heard_over_the_talk_by_all_but_the_held() -> None:
    desk = Desk(1, 10, 100)
    desk.gather()
    desk.room.shape(desk.lines[2], muted=False, held=True, coaching=None)
    desk.room.play(audio.clip(np.full(FRAME, 1000, np.int16), 0))
    assert desk.tick() == [1010, 1001, 0]


async def test_a_prompt_to_one_leg_takes_the_place_of_the_room_until_it_is_over() -> None:
    desk = Desk(1, 10)
    desk.gather()
    prompt = desk.lines[0].play(audio.clip(np.full(FRAME * 3, 7, np.int16)))
    assert desk.tick() == [7, 1]
    assert desk.tick() == [10, 1]
    assert await prompt.wait() is True


async def test_joining_stops_the_playback_and_leaves_the_other_room() -> None:
    desk = Desk(1, 10, 100)
    desk.gather()
    prompt = desk.lines[0].play(audio.silence(None))
    elsewhere = desk.mixer.room()
    elsewhere.join(desk.lines[0])
    assert await prompt.wait() is False
    assert desk.tick() == [0, 100, 10]
    elsewhere.leave(desk.lines[0])
    elsewhere.leave(desk.lines[0])
    assert desk.tick() == [0, 100, 10]


async def test_a_second_prompt_stops_the_first() -> None:
    desk = Desk(0)
    first, second = (desk.lines[0].play(audio.silence(None)) for _ in range(2))
    assert await first.wait() is False
    second.stop()
    assert await second.wait() is False


async def test_a_closed_leg_is_gone_from_room_and_playback() -> None:
    desk = Desk(1, 10)
    desk.gather()
    prompt = desk.lines[0].play(audio.silence(None))
    desk.lines[0].close()
    desk.lines[0].close()
    assert await prompt.wait() is False
    assert await desk.lines[0].play(audio.silence(None)).wait() is False
    desk.room.join(desk.lines[0])
    desk.tick()
    assert desk.heard[desk.lines[1]] == 0
    desk.lines[1].close()
    assert not desk.mixer.rooms
    assert not desk.mixer.lines


class Ear:
    def __init__(self) -> None:
        self.frames: list[tuple[str, int]] = []

    def frame(self, track: Literal["inbound", "outbound"], pcm: Pcm) -> None:
        self.frames.append((track, int(pcm[0])))


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ({"inbound"}, [("inbound", 1)]),
        ({"outbound"}, [("outbound", 10)]),
        ({"inbound", "outbound"}, [("inbound", 1), ("outbound", 10)]),
    ],
)
async def test_a_tap_gets_what_it_asked_for(
    tracks: set[Literal["inbound", "outbound"]], expected: list[tuple[str, int]]
) -> None:
    desk, ear = Desk(1, 10), Ear()
    desk.gather()
    desk.tick()
    tap = desk.lines[0].tap(ear, frozenset(tracks))
    desk.tick()
    assert ear.frames[-len(expected) :] == expected
    tap.close()
    tap.close()
    count = len(ear.frames)
    desk.tick()
    assert len(ear.frames) == count


class Broken:
    def read(self) -> Pcm | None:
        raise ValueError("broken on purpose")

    def frame(self, track: str, pcm: Pcm) -> None:
        raise ValueError("broken on purpose")


async def test_what_fails_in_one_leg_does_not_silence_the_others(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(1, 10)
    desk.gather()
    prompt = desk.lines[0].play(Broken())
    desk.lines[0].tap(Broken(), frozenset({"inbound"}))
    assert desk.tick()[1] == 1
    assert await prompt.wait() is False
    assert "broken on purpose" in caplog.text


@given(
    st.lists(
        st.tuples(st.integers(-12000, 12000), st.booleans(), st.booleans(), st.integers(0, 4)), max_size=5
    )
)
def test_any_room_is_the_sum_of_those_who_may_be_heard(
    members: list[tuple[int, bool, bool, int]],
) -> None:
    """Against the definition, for any mix of muted, held and coaching members."""

    async def check() -> None:
        desk = Desk(*(level for level, *_ in members))
        desk.gather()
        coached = [desk.lines[c] if c < len(desk.lines) else None for *_, c in members]
        for line, (_, muted, held, _), whom in zip(desk.lines, members, coached, strict=True):
            desk.room.shape(line, muted=muted, held=held, coaching=whom)
        expected = []
        for me, (_, _, held, _) in enumerate(members):
            total = sum(
                level
                for other, (level, muted, away, _) in enumerate(members)
                if other != me and not muted and not away and coached[other] in {None, desk.lines[me]}
            )
            own = members[me][0] if coached[me] is desk.lines[me] and not members[me][1] else 0
            expected.append(0 if held else max(-32768, min(32767, total + own)))
        assert desk.tick() == expected

    asyncio.run(check())


async def test_the_clock_ticks_fifty_times_a_second() -> None:
    mixer = TickMixer()
    line = mixer.line()
    beats: list[float] = []
    done = asyncio.Event()

    def beat(_: Pcm) -> None:
        beats.append(asyncio.get_running_loop().time())
        if len(beats) == 51:
            done.set()

    line.connect(beat)
    await mixer.start()
    await asyncio.wait_for(done.wait(), 5)
    await mixer.stop()
    assert 0.9 < beats[-1] - beats[0] < 1.2
    assert mixer.pulse.ticks >= 51
    assert SILENT.sum() == 0
