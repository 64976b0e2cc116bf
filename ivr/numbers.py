"""Telephone numbers as the carrier, the web page and the keypad give them. Pure.

China's numbers: a mobile is 1[3-9] and nine more digits; a landline an area code (three or four digits with
its 0) and seven or eight more. Source: 电信网编号计划 (2017).
"""

import re

_HIDDEN = frozenset({"", "anonymous", "unknown", "restricted", "private", "unavailable", "+266696687"})
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0(?:10|2\d|[3-9]\d{2})[2-8]\d{6,7}")
_SIP = re.compile(r"sips?:(?:([^@;:]*)@)?([^;>]*)", re.IGNORECASE)
_LONGEST = 128


def entrance_of(from_: str, *, over_sip: bool = False) -> str:
    """Return pstn, sip or web."""
    if from_.startswith("client:"):
        return "web"
    return "sip" if over_sip or _SIP.match(from_) else "pstn"


def caller(from_: str) -> str:
    """Return who calls: E.164, ``client:...``, ``sip:user@host``, or '' when hidden."""
    text = from_.strip()[:_LONGEST]
    if text.lower() in _HIDDEN:
        return ""
    if text.startswith("client:"):
        return text
    if sip := _SIP.match(text):
        user, host = sip[1] or "", sip[2]
        if user.lower() in _HIDDEN:
            return ""
        return e164(user) or f"sip:{user}@{host}"
    return e164(text) or (text if re.fullmatch(r"\+\d{3,15}", text) else "")


def e164(text: str) -> str:
    """Return a Chinese mobile or landline number as +86..., a foreign one as given, or ''."""
    plain = re.sub(r"[\s\-()（）—]", "", text)
    if plain.startswith("+") and not plain.startswith("+86"):
        return plain if re.fullmatch(r"\+[1-9]\d{6,14}", plain) else ""
    national = re.sub(r"^(?:\+86|0086|86(?=1[3-9]\d{9}$))", "", plain)
    if _MOBILE.fullmatch(national):
        return "+86" + national
    landline = national if national.startswith("0") else "0" + national
    return "+86" + landline[1:] if _LANDLINE.fullmatch(landline) else ""


def national(number: str) -> str:
    """Return a number as people in China dial it: 13800138000, 087163166795."""
    plain = number.removeprefix("+86")
    return plain if plain == number or _MOBILE.fullmatch(plain) else "0" + plain


def dialable(number: str) -> bool:
    """Can this caller be called back at *number*?"""
    return number.startswith(("+", "sip:"))
