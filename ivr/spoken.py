"""Numbers as recorded pieces. Pure.

The pieces: n0..n9, n10 (十), n100 (百), n2-count (两, before a measure word), d1 (幺, one in a telephone
number).
"""

LARGEST = 999


def count(number: int) -> tuple[str, ...]:
    """Return the pieces of a count before a measure word: 23 -> 二十三, 2 -> 两, 110 -> 一百一十.

    Raise ValueError outside 0..999.
    """
    if not 0 <= number <= LARGEST:
        raise ValueError(f"a count is 0..{LARGEST}, not {number}")
    if number == 2:
        return ("n2-count",)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    pieces: list[str] = []
    if hundreds:
        pieces += [f"n{hundreds}", "n100"]
        if rest and not tens:
            pieces.append("n0")  # 105 = 一百零五
    if tens:
        if tens > 1 or hundreds:  # 15 = 十五, but 115 = 一百一十五
            pieces.append(f"n{tens}")
        pieces.append("n10")
    if ones or not pieces:
        pieces.append(f"n{ones}")
    return tuple(pieces)


def digits(number: str) -> tuple[str, ...]:
    """Return the pieces of a telephone number, digit by digit; other signs are left out."""
    return tuple("d1" if sign == "1" else f"n{sign}" for sign in number if sign.isascii() and sign.isdigit())
