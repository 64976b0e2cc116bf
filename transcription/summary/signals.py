# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""Signals a person must see, and what they mean for the channel and the urgency. Pure.

Words in ``config/defaults/flags.yaml``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import Field

from config.rulefile import Rules, defaults
from transcription.law.clocks import Deadline

from .lexicon import Concept, Pattern, compile_pattern, mentions
from .parties import Standing
from .places import Place
from .reading import SHANGHAI, Reading, joined
from .transcript import Mention
from .workplace import Places

FlagName = Literal[
    "after_hours", "anger", "asr_unreliable_segments", "complaint", "conflict_of_interest_check", "contract_guidance",
    "cross_prefecture", "cross_province", "direct_to_human", "discreet_callback", "elderly", "enterprise_checkup_lead",
    "extreme_action_threat", "gig_not_labour_relation", "group_of_ten", "hard_of_hearing", "hardship",
    "interpreter_used", "keyword_trap_migrant_worker_relative", "landline", "language_unknown", "limitation_expiring",
    "minority_language", "needs_verification", "no_dtmf", "number_region_differs_from_work_place",
    "repeat_caller_same_day", "safety_escalation", "self_harm", "silent_call", "sms_may_fail_landline",
    "sticky_agent", "threat", "unsafe_to_talk",
]  # fmt: skip
SPOKEN: tuple[FlagName, ...] = (
    "self_harm",
    "extreme_action_threat",
    "threat",
    "unsafe_to_talk",
    "anger",
    "complaint",
    "hardship",
    "hard_of_hearing",
    "minority_language",
    "conflict_of_interest_check",
    "repeat_caller_same_day",
)


class Hours(Rules):
    """From and to, hours of the day."""

    from_: int = Field(alias="from", ge=0, le=24)
    to: int = Field(ge=0, le=24)


class FlagFile(Rules):
    """``config/defaults/flags.yaml``."""

    flags: dict[FlagName, Concept]
    sounds: Pattern
    languages: dict[str, Pattern]
    dialect: list[Pattern]
    after_hours: Hours


@cache
def _file() -> FlagFile:
    return defaults("flags", FlagFile)


@dataclass(frozen=True, slots=True)
class Situation:
    """How the caller is: silent, watched, in danger, of which language."""

    silent: bool
    unsafe: bool
    spoken: frozenset[str]
    language: str | None
    unheard: tuple[
        int, ...
    ] = ()  # turns whose words no recogniser could make out, or that are of another language


_CANT_TALK = re.compile(r"不方便(?:说话|讲话|说|讲)|敲(?:一下|两下|话筒)|按任意")


def read_situation(reading: Reading) -> Situation:
    """What the words and the silence tell of the caller's situation."""
    file = _file()
    said = "".join(line.plain for line in reading.caller_lines).replace("。", "")
    content = re.sub(compile_pattern(file.sounds), "", said)
    unheard = tuple(line.index for line in reading.caller_lines if any(map(_UNHEARD.search, line.notes)))
    quiet = len(content) <= 6 or (len(content) < 10 and not reading.amounts)
    silent = bool(reading.lines) and quiet and not unheard
    spoken: set[str] = set()
    for name in SPOKEN:
        if first := next(mentions(file.flags[name], reading.caller_lines, name), None):
            spoken.add(name)
            reading.evidence.note("flags", first)
    if _speaks_dialect(reading):
        spoken.add("dialect")
    asked = bool(_CANT_TALK.search(joined(reading.lawyer_lines)))
    unsafe = "unsafe_to_talk" in spoken or (silent and asked and bool(_knocked(reading)))
    noted = "。".join(note for line in reading.caller_lines for note in line.notes)
    everything = f"{joined(reading.lines)}。{noted}"
    language = next(
        (name for name, words in file.languages.items() if compile_pattern(words).search(everything)), None
    )
    for index in unheard:
        reading.evidence.note("unheard", Mention(reading.lines[index], 0, 0))
    return Situation(silent, unsafe, frozenset(spoken), language, unheard)


_UNHEARD = re.compile(
    r"听不懂|无法识别|识别不(?:出|了)|未识别|(?:民族|外|别的|其他|另一种)(?:语|话)|[彝白傣尼壮苗僳祜佤西瑶颇藏朗](?:族)?[语话]"
)


def language_of(situation: Situation, flags: Sequence[str], dtmf: str) -> str | None:
    """The language to be written down: one that needs an interpreter, or the dialect when it is thick."""
    if situation.language and ({"minority_language", "interpreter_used"} & set(flags) or dtmf == "3"):
        return situation.language
    return "云南方言" if "dialect" in situation.spoken else None


def unheard_told(situation: Situation) -> tuple[str, ...]:
    """What the lawyer is told of words nobody could make out."""
    turns = "、".join(str(index + 1) for index in situation.unheard)
    return (f"第{turns}句没有识别出来,请听录音或找翻译",) if turns else ()


def _speaks_dialect(reading: Reading) -> bool:
    """Three different words of the dialect."""
    said = joined(reading.caller_lines)
    return sum(1 for word in _file().dialect if compile_pattern(word).search(said)) >= 3


def _knocked(reading: Reading) -> bool:
    return any(
        "敲" in line.plain or any("敲" in note for note in line.notes) for line in reading.caller_lines
    )


@dataclass(frozen=True, slots=True)
class FlagFacts:
    """What the flags lean on."""

    category: str
    labour: bool
    issues: Sequence[str]
    deadlines: Sequence[Deadline]
    places: Places
    age: int | None
    form: str | None
    callback: bool
    heads: int
    doubtful: bool
    on_behalf: bool


def find_flags(reading: Reading, situation: Situation, standing: Standing, facts: FlagFacts) -> list[str]:
    """The flags, in the order they matter to a lawyer."""
    spoken, call = situation.spoken, reading.call
    danger = bool(spoken & {"self_harm", "extreme_action_threat", "threat"})
    elderly = (facts.age or 0) >= 60 or _elderly(reading)
    interpreted = any(line.turn.speaker == "interpreter" for line in reading.lines)
    landline = _is_landline(call.caller_number)
    deaf = "hard_of_hearing" in spoken and (elderly or landline or _asked_again(reading))
    other = bool(situation.unheard) and (situation.language is not None or call.dtmf == "3")
    minority = interpreted or other or ("minority_language" in spoken and _speaks_other(reading))
    unreliable = _unreliable(reading)
    checks = {
        "limitation_expiring": any(clock.at_risk_7d for clock in facts.deadlines),
        "self_harm": "self_harm" in spoken,
        "extreme_action_threat": "extreme_action_threat" in spoken,
        "threat": "threat" in spoken,
        "safety_escalation": danger,
        "silent_call": situation.silent,
        "unsafe_to_talk": situation.unsafe,
        "discreet_callback": situation.unsafe and facts.callback,
        "group_of_ten": facts.heads >= 10 and danger,
        "hardship": "hardship" in spoken and facts.category != "employer",
        "anger": "anger" in spoken,
        "complaint": "complaint" in spoken,
        "repeat_caller_same_day": call.calls_before_today > 0 or "repeat_caller_same_day" in spoken,
        "sticky_agent": _same_lawyer(reading),
        "elderly": elderly,
        "hard_of_hearing": deaf,
        "landline": landline,
        "sms_may_fail_landline": landline,
        "no_dtmf": not call.dtmf and not situation.silent,
        "direct_to_human": call.dtmf == "0"
        or (not call.dtmf and not situation.silent and (elderly or landline or deaf)),
        "minority_language": minority,
        "interpreter_used": interpreted,
        "language_unknown": (call.dtmf == "3" or _mostly_unheard(reading, situation))
        and situation.language is None
        and not interpreted,
        "cross_prefecture": facts.labour and _crosses_prefecture(facts.places),
        "cross_province": facts.labour and _crosses_province(facts.places),
        "number_region_differs_from_work_place": _phone_is_foreign(facts.places) and facts.labour,
        "enterprise_checkup_lead": facts.category == "employer",
        "contract_guidance": "contract_signing_guidance" in facts.issues,
        "gig_not_labour_relation": facts.category == "gig_worker"
        and (facts.form == "self_operated_civil" or _told_no_relation(reading)),
        "keyword_trap_migrant_worker_relative": standing.relative_works
        and facts.category == "non_worker"
        and not facts.on_behalf,
        "conflict_of_interest_check": "conflict_of_interest_check" in spoken,
        "asr_unreliable_segments": unreliable,
        "needs_verification": unreliable or facts.doubtful,
        "after_hours": _after_hours(reading),
    }
    return [name for name, found in checks.items() if found]


def urgency_of(flags: Sequence[str], issues: Sequence[str]) -> str:
    """critical: a limit within 7 days or danger to life; high: nobody to claim from, need, or unable to speak."""
    if {"limitation_expiring", "self_harm", "extreme_action_threat", "threat", "safety_escalation"} & set(
        flags
    ):
        return "critical"
    if {"hardship", "unsafe_to_talk", "silent_call"} & set(flags) or "employer_absconded" in issues:
        return "high"
    return "normal"


def channel_of(category: str, labour: bool, dtmf: str) -> str:
    """Workers and their families with a matter of work go to the dedicated channel; a key decides only when
    nothing else does."""
    if category in ("migrant_worker", "gig_worker"):
        return "dedicated"
    if category == "employer":
        return "general"
    if category == "non_worker":
        return "dedicated" if labour else "general"
    return "dedicated" if labour or dtmf == "1" else "general"


_OLD = re.compile(r"老人家|老奶奶|老爷爷|大爹|大妈|大爷|阿婆|老伯|老倌|(?:六|七|八)十(?:多|几|来)?岁?了")


def _elderly(reading: Reading) -> bool:
    addressed = any(
        re.search(r"(?:您|你)?老人家|大爹|大妈|大爷|老伯|阿婆|奶奶您|爷爷您", line.plain)
        for line in reading.lawyer_lines
    )
    own = any(
        re.search(
            r"(?:我|我们)[^。]{0,6}(?:老人家|老倌|老奶|老头|老太)|(?:人老了|年纪大了|老了不(?:会|懂))",
            line.plain,
        )
        for line in reading.caller_lines
    )
    return addressed or own


def _is_landline(number: str) -> bool:
    digits = re.sub(r"[^0-9]", "", number)
    digits = (
        digits.removeprefix("0086")
        if digits.startswith("0086")
        else digits.removeprefix("86")
        if number.startswith(("+86", "86")) and len(digits) > 11
        else digits
    )
    return bool(digits) and not digits.startswith("1") and len(digits) >= 7


def _asked_again(reading: Reading) -> bool:
    return sum(1 for line in reading.caller_lines if re.search(r"听不|大声|再说|耳朵", line.plain)) >= 1


def _speaks_other(reading: Reading) -> bool:
    said = joined(reading.caller_lines)
    return (
        re.search(
            r"(?:不会|不太会|听不懂|讲不好|说不好|说不来|讲不来)[^。]{0,4}(?:汉话|汉语|普通话)|(?:会|懂|讲|说|用)[^。]{0,6}(?:族)?(?:话|语)的?|翻译|[彝白傣壮苗佤瑶藏怒]族",
            said,
        )
        is not None
    )


def _same_lawyer(reading: Reading) -> bool:
    said, told = joined(reading.caller_lines), joined(reading.lawyer_lines)
    return bool(
        re.search(
            r"(?:想|要|还)[^。]{0,3}找[她他](?!们)|(?:还是|又是|找|转给|就是)[^。]{0,6}(?:上午|早上|刚才|刚刚|昨天|之前|上次|那个)[^。]{0,4}律师|还是(?:接|转)(?:给|到)?[他她](?!们)|(?:同一个|原来(?:的|那个))律师",
            said,
        )
        or re.search(
            r"(?:上午|早上|刚才|刚刚|之前)[^。]{0,6}(?:是我|我接的|也是我)|我(?:就是|是)[^。]{0,6}(?:上午|早上|刚才|刚刚)[^。]{0,6}(?:律师|接)|(?:转|接)(?:回)?[^。]{0,6}(?:上午|早上|刚才|之前)[^。]{0,6}律师",
            told,
        )
    )


def _mostly_unheard(reading: Reading, situation: Situation) -> bool:
    return len(situation.unheard) * 2 > len(reading.caller_lines)


def _unreliable(reading: Reading) -> bool:
    marks = re.compile(r"听不清|无法识别|识别不清|杂音|模糊|unk|□|\?\?\?")
    return any(
        (line.turn.confidence is not None and line.turn.confidence < 0.5 and len(line.plain) > 2)
        or any(marks.search(note) for note in line.notes)
        or "□" in line.turn.text
        for line in reading.caller_lines
    )


def _crosses_prefecture(places: Places) -> bool:
    work, now = places.work, places.now
    return bool(work and now and work.prefecture and now.prefecture and work.prefecture != now.prefecture)


def _crosses_province(places: Places) -> bool:
    work, now = places.work, places.now
    if work and work.province != "云南":
        return True
    return bool(work and now and work.province != now.province)


def _phone_is_foreign(places: Places) -> bool:
    work, phone = places.work, places.phone
    if work is None or phone is None or _same(phone, work):
        return False
    return not (places.home and _same(phone, places.home))


def _same(one: Place, other: Place) -> bool:
    if one.province != other.province:
        return False
    return not one.prefecture or not other.prefecture or one.prefecture == other.prefecture


def _told_no_relation(reading: Reading) -> bool:
    told = joined(reading.lawyer_lines)
    return (
        re.search(
            r"不(?:算|是|构成|属于|能认定为)[^。]{0,6}劳动关系|不完全[^。]{0,8}劳动关系|没有劳动关系", told
        )
        is not None
    )


def _after_hours(reading: Reading) -> bool:
    hours, hour = _file().after_hours, reading.call.called_at.astimezone(SHANGHAI).hour
    return hour >= hours.from_ or hour < hours.to
