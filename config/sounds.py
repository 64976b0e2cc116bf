"""How far two Chinese words sound apart. Pure.

The mergers of Yunnan speech (n/l, in/ing, en/eng, zh/z, ch/c, sh/s, h/f, ü/i) are equal, likely
mishearings near.

Sounds are pinyin with a tone (``zhong4``) as *readings* gives them, or without (``zhong``).
"""

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin, pinyin

_SYLLABLE = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)(.*)")
_UMLAUT_AFTER = frozenset("jqxy")

_MERGED = {"n": "l", "zh": "z", "ch": "c", "sh": "s", "h": "f"} | {
    "ing": "in",
    "eng": "en",
    "v": "i",
    "ve": "ie",
}
_NEAR_INITIALS = (
    "b p", "d t", "g k", "j q x", "z c s", "j z", "q c", "x s", "f k", "l r", "m l", "y r", " y", " w", "r s",
)  # fmt: skip
_NEAR_FINALS = (
    "an ang", "ian in", "ian iang", "ian an", "uan uang", "uan an", "uan ian", "ong en", "ong iong", "ui ei",
    "iu ou", "ie e", "ie ei", "ei ai", "ao ou", "ao iao", "uo o", "uo e", "uo u", "ou u", "ua a", "ia a",
    "un en", "un in", "i e", "i ei", "u o", "e a", "ai a", "in en", "ang iang", "uang ang", "ie i",
)  # fmt: skip


@lru_cache(maxsize=1 << 16)
def distance(one: str, other: str) -> float:
    """Return 0 for sounds that Yunnan speech does not tell apart, up to 1 for quite different ones."""
    (initial, final), (initial2, final2) = _parts(one), _parts(other)
    return _apart(initial, initial2, _NEAR_INITIALS) / 2 + _apart(final, final2, _NEAR_FINALS) / 2


def _apart(one: str, other: str, near: tuple[str, ...]) -> float:
    if one == other:
        return 0.0
    return 0.5 if any({one, other} <= set(group.split(" ")) for group in near) else 1.0


@lru_cache(maxsize=4096)
def _parts(sound: str) -> tuple[str, str]:
    """Return initial and final, merged as in Yunnan speech."""
    initial, final = _SYLLABLE.fullmatch(sound).groups()  # type: ignore[union-attr]  # both parts may be empty
    if initial in _UMLAUT_AFTER and final.startswith("u"):
        final = "v" + final[1:]
    final = {"van": "ian", "vn": "in"}.get(final, final)
    return _MERGED.get(initial, initial), _MERGED.get(final, final)


@lru_cache(maxsize=4096)
def folded(sound: str) -> str:
    """Return the same text for all sounds that Yunnan speech does not tell apart."""
    return "-".join(_parts(toneless(sound)))


def toneless(sound: str) -> str:
    """Return ``zhong`` for ``zhong4``."""
    return sound.rstrip("12345")


def readings(run: str) -> list[tuple[str, ...]]:
    """Return each character's sounds, with tones (``zhong4``): the one it has here, and its usual one.

    Rarer ones are left out: 声 can be read qing, and every rare reading makes words that nobody said.
    """
    here = lazy_pinyin(run, style=Style.TONE3, neutral_tone_with_five=True)
    return [tuple({sound, _usual(char)}) for char, sound in zip(run, here, strict=True)]


@lru_cache(maxsize=1 << 14)
def _usual(char: str) -> str:
    sound: str = pinyin(char, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True)[0][0]
    return sound
