"""Numbers as recorded pieces. Pure.

A count is spoken with its measure word, and the last piece holds both (三位, 二十分钟): single syllables
joined one by one sound like a machine. The pieces: ``n0``, ``n20`` .. ``n90``, ``n100`` .. ``n900``, ``n10x``
(一十, after hundreds); ``n1-people`` .. ``n19-people``, ``n20-people``, ``n30-people`` ..; ``two-people``
(两位: two alone, but 二十二位). Digits: ``d0`` .. ``d9``. A time to come: ``day-0`` .. ``day-2`` (今天, 明天,
后天), ``weekday-1`` .. ``weekday-7``, and ``at-0`` .. ``at-23``, each also as ``at-8-half`` (早上八点半).
"""

from datetime import datetime, timedelta

from config.clock import SHANGHAI, from_ms

LARGEST = 999
HALF_HOUR = timedelta(minutes=30)


def count(number: int, measure: str) -> tuple[str, ...]:
    """Return the pieces of a count: 23 -> 二十 三位, 2 -> 两位, 110 -> 一百 一十位.

    Raise ValueError outside 1..999.
    """
    if not 1 <= number <= LARGEST:
        raise ValueError(f"a count is 1..{LARGEST}, not {number}")
    if number < 20:
        return (f"two-{measure}" if number == 2 else f"n{number}-{measure}",)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    pieces: list[str] = []
    if hundreds:
        pieces.append(f"n{hundreds}00")
        if rest and not tens:
            pieces.append("n0")  # 105 = 一百零五
    if tens:
        pieces.append("n10x" if tens == 1 else f"n{tens}0")
    if ones:
        pieces.append(f"n{ones}")
    return (*pieces[:-1], f"{pieces[-1]}-{measure}")


def digits(number: str) -> tuple[str, ...]:
    """Return the pieces of a telephone number, digit by digit; other signs are left out."""
    return tuple(f"d{sign}" for sign in number if sign.isascii() and sign.isdigit())


def moment(at_ms: int, now_ms: int) -> tuple[str, ...]:
    """Return the pieces of a time to come, to the next half hour: 明天 早上八点半.

    None of a time that has come, or that is so far ahead (a week) that its weekday says nothing.
    """
    now, at = _local(now_ms), _local(at_ms)
    if at <= now:
        return ()
    late = at - at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)
    at += HALF_HOUR - late if late else timedelta()
    days = (at.date() - now.date()).days
    if days > 6:
        return ()
    day = f"day-{days}" if days < 3 else f"weekday-{at.isoweekday()}"
    return day, f"at-{at.hour}{'-half' * (at.minute // 30)}"


def _local(at_ms: int) -> datetime:
    return from_ms(at_ms).astimezone(SHANGHAI)
