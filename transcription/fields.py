"""What a person may change in a summary, and what each field may hold. Pure.

A summary's fields are plain values under the vocabulary's keys; a machine's draft keeps beside a value where
it was heard. Time limits, aid and flags follow from the rest by rules and are not typed by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, get_args

from config.errors import AnxinError, Blame
from config.rulefile import defaults

from .employers import employer_key
from .law.aid import Category, FourHundred
from .summary.places import GazetteerFile
from .summary.plain import ISSUE_WORDS

LONGEST_TEXT = 400
LONGEST_WORDS = 4000  # what is told to the caller
MOST_ENTRIES = 30
LARGEST_YUAN = 1_000_000_000
OWN_WORDS = "caller_words"  # the text for the caller, where a person wrote it; '' = made from the fields


class BadField(AnxinError):
    """No such field, or it cannot hold that; the message says what was expected."""

    code: ClassVar[str] = "bad-input"
    blame: ClassVar[Blame] = Blame.CALLER


class Kind(StrEnum):
    TEXT = "text"
    WORDS = "words"  # a long text of several lines
    YUAN = "yuan"
    COUNT = "count"
    DAY = "day"
    FLAG = "flag"  # yes or no
    MAYBE = "maybe"  # yes, no, or nobody said
    CHOICE = "choice"  # one of the words, or none
    SET = "set"  # several of the words
    LIST = "list"  # texts


@dataclass(frozen=True, slots=True)
class Field:
    kind: Kind
    words: tuple[str, ...] = ()
    required: bool = False  # a choice that must be made


@cache
def fields() -> Mapping[str, Field]:
    """Return the fields a person may change, in the order in which they are read."""
    return {
        "caller_category": Field(Kind.CHOICE, get_args(Category), required=True),
        "channel": Field(Kind.CHOICE, ("dedicated", "general"), required=True),
        "four_100": Field(Kind.CHOICE, get_args(FourHundred), required=True),
        "urgency": Field(Kind.CHOICE, ("critical", "high", "normal", "low"), required=True),
        "issue_types": Field(Kind.SET, tuple(ISSUE_WORDS)),
        "occupation": Field(Kind.TEXT),
        "employer_or_platform": Field(Kind.TEXT),
        "work_prefecture": Field(Kind.CHOICE, tuple(defaults("prefectures", GazetteerFile).prefectures)),
        "work_county": Field(Kind.TEXT),
        "amount_owed_yuan": Field(Kind.YUAN),
        "group_amount_yuan_approx": Field(Kind.YUAN),
        "amount_awarded_yuan": Field(Kind.YUAN),
        "medical_cost_yuan": Field(Kind.YUAN),
        "monthly_wage_yuan": Field(Kind.YUAN),
        "period": Field(Kind.TEXT),
        "workers_count": Field(Kind.COUNT),
        "injury_date": Field(Kind.DAY),
        "employment_end_date": Field(Kind.DAY),
        "award_received_date": Field(Kind.DAY),
        "written_contract": Field(Kind.MAYBE),
        "evidence_held": Field(Kind.LIST),
        "prior_steps": Field(Kind.LIST),
        "requested_outcome": Field(Kind.LIST),
        "advice_given": Field(Kind.LIST),
        "next_actions": Field(Kind.LIST),
        "callback_required": Field(Kind.FLAG),
        OWN_WORDS: Field(Kind.WORDS),
    }


def clean(name: str, value: Any) -> Any:
    """Return *value* as field *name* keeps it. Raise BadField."""
    field = fields().get(name)
    if field is None:
        raise BadField(f"{name[:48]}: nobody changes this by hand")
    try:
        return _CLEAN[field.kind](field, value)
    except ValueError as error:
        raise BadField(f"{name}: {error}") from error


def plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a draft's fields without where they were heard."""
    return {key: bare(value) for key, value in content.items()}


def bare(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) and "value" in value else value


def class_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a demand's class follows from; never a word of what was said."""
    told = plain(content)
    names = ("four_100", "channel", "caller_category", "urgency")
    body = {key: told[key] for key in names if told.get(key)}
    if told.get("work_prefecture"):
        body["prefecture"] = told["work_prefecture"]
    if told.get("issue_types"):
        body["topic"] = told["issue_types"][0]
    if key := employer_key(told.get("employer_or_platform")):
        body["employer"] = key
    return body


def _text(_: Field, value: Any, longest: int = LONGEST_TEXT) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"expected a text of at most {longest} signs")
    return value.replace("\0", "").strip() or None


def _words(field: Field, value: Any) -> str:
    return _text(field, value, LONGEST_WORDS) or ""


def _whole(largest: int) -> Any:
    def read(_: Field, value: Any) -> int | None:
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
            raise ValueError(f"expected a whole number from 0 to {largest}, or nothing")
        return value

    return read


def _day(_: Field, value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise ValueError("expected a day as 2026-01-31, or nothing")  # noqa: TRY004 - one kind for the caller
    return date.fromisoformat(value).isoformat()


def _flag(_: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected yes or no")  # noqa: TRY004 - one kind for the caller
    return value


def _maybe(field: Field, value: Any) -> bool | None:
    return None if value is None else _flag(field, value)


def _choice(field: Field, value: Any) -> str | None:
    if value in (None, "") and not field.required:
        return None
    if not isinstance(value, str) or value not in field.words:
        raise ValueError(f"expected one of {', '.join(field.words)}")
    return value


def _several(field: Field, value: Any) -> list[str]:
    if not isinstance(value, list) or not set(map(str, value)) <= set(field.words):
        raise ValueError(f"expected some of {', '.join(field.words)}")
    return [str(word) for word in dict.fromkeys(value)]


def _list(field: Field, value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_ENTRIES:
        raise ValueError(f"expected at most {MOST_ENTRIES} texts")
    return [text for entry in value if (text := _text(field, entry))]


_CLEAN = {
    Kind.TEXT: _text,
    Kind.WORDS: _words,
    Kind.YUAN: _whole(LARGEST_YUAN),
    Kind.COUNT: _whole(1_000_000),
    Kind.DAY: _day,
    Kind.FLAG: _flag,
    Kind.MAYBE: _maybe,
    Kind.CHOICE: _choice,
    Kind.SET: _several,
    Kind.LIST: _list,
}
