"""The few frames between a phone and the mixer."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from carrier.jitter import FEWEST, SILENT, Inlet
from carrier.ports import FRAME, Pcm

ORDER = st.permutations(range(8))


def packet(number: int, length: int = FRAME) -> Pcm:
    """Packet *number* says its number."""
    return np.full(length, number + 1, np.int16)


def spoken(inlet: Inlet, ticks: int) -> list[int]:
    return [int(inlet.read()[0]) for _ in range(ticks)]


@given(st.integers(0, 2**32 - 1), ORDER)
def test_packets_in_any_order_come_out_in_theirs(start: int, order: list[int]) -> None:
    """Also across the wrap of the timestamp."""
    inlet = Inlet()
    for n in order:
        inlet.put((start + n * FRAME) % 2**32, packet(n))
    assert spoken(inlet, 8) == list(range(1, 9))


@given(st.integers(0, 2**32 - 1), st.sampled_from([80, 160, 240, 320, 480]))
def test_any_packet_length_will_do(start: int, length: int) -> None:
    """From 10 to 60 ms; here each arrives as the mixer comes to need it."""
    inlet, at, heard = Inlet(), 0, []
    for tick in range(45):
        while at < (tick + 3) * FRAME:
            inlet.put((start + at) % 2**32, np.full(length, 5, np.int16))
            at += length
        heard += spoken(inlet, 1)
    assert heard == [5] * 45
    assert inlet.dry == 0


def test_it_waits_for_two_frames_before_it_begins() -> None:
    inlet = Inlet()
    inlet.put(0, packet(0))
    assert inlet.read() is SILENT
    inlet.put(FRAME, packet(1))
    assert spoken(inlet, 2) == [1, 2]
    assert FEWEST == 2 * FRAME


def test_a_lost_packet_is_silence_in_its_own_place() -> None:
    inlet = Inlet()
    for n in (0, 1, 3, 4):
        inlet.put(n * FRAME, packet(n))
    assert spoken(inlet, 5) == [1, 2, 0, 4, 5]


def test_a_packet_that_comes_too_late_is_counted_and_left_out() -> None:
    inlet = Inlet()
    for n in (0, 1, 3):
        inlet.put(n * FRAME, packet(n))
    spoken(inlet, 4)
    inlet.put(2 * FRAME, packet(2))
    assert inlet.late == 1


def test_running_dry_makes_it_wait_longer() -> None:
    """A late network costs delay, not gaps."""
    inlet = Inlet()
    for n in range(2):
        inlet.put(n * FRAME, packet(n))
    assert spoken(inlet, 3) == [1, 2, 0]
    for n in range(2, 4):
        inlet.put(n * FRAME, packet(n))
    assert inlet.read() is SILENT
    inlet.put(4 * FRAME, packet(4))
    assert spoken(inlet, 3) == [3, 4, 5]
    assert inlet.dry == 1


def test_a_sender_that_begins_anew_is_heard_again() -> None:
    inlet = Inlet()
    for n in range(4):
        inlet.put(n * FRAME, packet(n))
    spoken(inlet, 2)
    for n in range(4):
        inlet.put(3_000_000_000 + n * FRAME, packet(n))
    assert spoken(inlet, 4) == [1, 2, 3, 4]


def test_a_burst_does_not_leave_a_long_delay_behind() -> None:
    """What waits beyond need is given up little by little."""
    inlet = Inlet()
    at = 0
    for _ in range(20):
        inlet.put(at * FRAME, packet(at))
        at += 1
    for _ in range(600):
        inlet.read()
        inlet.put(at * FRAME, np.full(FRAME, 1, np.int16))
        at += 1
    assert inlet.waiting <= 4 * FRAME
    assert inlet.dry == 0
