"""Numbers as recorded pieces. Pure.

A count is spoken with its measure word, and the last piece holds both (三位, 二十分钟): single syllables
joined one by one sound like a machine. The pieces: ``n0``, ``n20`` .. ``n90``, ``n100`` .. ``n900``, ``n10x``
(一十, after hundreds); ``n1-people`` .. ``n19-people``, ``n20-people``, ``n30-people`` ..; ``two-people``
(两位: two alone, but 二十二位). Digits: ``d0`` .. ``d9``.
"""

LARGEST = 999


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
