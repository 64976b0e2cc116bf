# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""What the caller can prove and what they have done already. Words in ``config/defaults/evidence.yaml``. Pure."""

import re
from collections.abc import Sequence
from functools import cache

from config.rulefile import Rules, defaults

from .lexicon import Concept, Pattern, compile_pattern, mentions
from .reading import Reading
from .transcript import Line, Mention

_YES = re.compile(
    r"^(?:[他她我]们?(?:说|讲))?(?:哦|啊|哎)?(?:拿到(?:了|的)|(?:带|留|收|存)(?:着|好)|有(?:的|呢|啊|嘛)?(?:$|。|我|都|还|一|在|手)|都有|在呢|留着|带着|有有)"
)
_ASKED = re.compile(r"(?:有没有|有|还在|带|保留|留|拿到)[^。]{0,20}|拿到[^。]{0,3}$")


class EvidenceFile(Rules):
    """``config/defaults/evidence.yaml``."""

    missing: Pattern
    evidence: dict[str, Concept]
    steps: dict[str, Concept]


@cache
def _file() -> EvidenceFile:
    return defaults("evidence", EvidenceFile)


def evidence_held(reading: Reading, contract: bool | None = None) -> list[str]:
    """The pieces the caller says they hold, in the order they were named; what is missing is left out.

    *contract* False: no labour contract was signed, so the contract in hand is one of another kind.
    """
    file = _file()
    missing = compile_pattern(file.missing)
    found: list[Mention] = []
    for name, concept in file.evidence.items():
        held = [m for m in mentions(concept, reading.caller_lines, name) if _is_held(m, missing)]
        held = held or list(_confirmed(name, concept, reading))
        if held:
            found.append(held[0])
    ordered = _without_repeats(sorted(found, key=lambda m: m.order))
    reading.note_all("evidence_held", ordered)
    names = [m.name for m in ordered]
    return [_PAPER if contract is False and name == "劳动合同" else name for name in names]


_PAPER = "合同/协议"
WITH_OTHERS = re.compile(
    r"^[^。]{0,2}?(?:那些|这些|都|也|还|就|全|都还)*在(?:厂里|厂头|公司|站点|站里|他们|他|老板|包工头|工头|单位|班长)(?:那里|那点|那边|手里|手上|里头|家|里|头)"
)
_LACKED = re.compile(
    r"(?:没(?:有|得)?|不(?:给|肯|开)|要|缺|想要|去开|补|要求|需要|说要|问我要|喊我交|交)[^。有]{0,3}$"
)
_NOT_YET = re.compile(r"(?:明天|回头|改天|下次|等下|待会)[^。]{0,4}(?:拍|去拿|找|打|要|复印)")
_COUNTED_MISSING = re.compile(r"(?:没(?:有|得)|哪样|什么|啥)[^。]{0,6}$")


def _is_held(mention: Mention, missing: re.Pattern[str]) -> bool:
    plain = mention.line.plain
    before = plain[max(0, mention.start - 6) : mention.start]
    return not (
        _NOT_YET.search(plain[mention.end : mention.end + 14].split("。")[0])
        or missing.match(plain, mention.end)
        or WITH_OTHERS.match(plain[mention.end :])
        or _LACKED.search(before)
        or _COUNTED_MISSING.search(before)
    )


def _confirmed(name: str, concept: Concept, reading: Reading) -> list[Mention]:
    """有 to the lawyer's question about this one piece."""
    answered: list[Mention] = []
    for line in reading.caller_lines:
        before = reading.lines[line.index - 1] if line.index else None
        if before is None or not before.by_lawyer or not _YES.search(line.plain):
            continue
        asked = [m for m in mentions(concept, [before], name) if _ASKED.search(before.plain)]
        others = sum(1 for other in _file().evidence.values() if next(mentions(other, [before]), None))
        if asked and others == 1:
            answered.append(Mention(line, 0, min(len(line.plain), 4), name))
    return answered


def _without_repeats(found: list[Mention]) -> list[Mention]:
    """One piece per place in the words: 工资卡流水 is not 银行流水 as well."""
    kept: list[Mention] = []
    for mention in found:
        inside = [
            k for k in kept if k.line is mention.line and k.start < mention.end and mention.start < k.end
        ]
        if not inside:
            kept.append(mention)
        elif (mention.end - mention.start) > (inside[0].end - inside[0].start) + 6:
            continue
    return kept


def prior_steps(reading: Reading) -> list[str]:
    """What was done before this call, in the order it was told."""
    found = [
        first
        for name, concept in _file().steps.items()
        if (
            first := next((m for m in mentions(concept, reading.caller_lines, name) if not _planned(m)), None)
        )
    ]
    moved = next((m for m in found if m.name == "转劳动监察"), None)
    if moved:  # 转给监察了: the same step told once
        found = [m for m in found if m.name != "劳动监察投诉" or m.line is not moved.line]
    ordered = sorted(found, key=lambda m: m.order)
    reading.note_all("prior_steps", ordered)
    return [m.name for m in ordered]


_PLANNED = re.compile(
    r"(?:准备|打算|想|想要|要不要|该不该|能不能|可不可以|是不是(?:要|该|可以)|要去|明天|过两天|下次|如果|要是|不敢|怕|再不|(?:我|我们)就|就要)[^。]{0,4}$"
)


def _planned(mention: Mention) -> bool:
    before = mention.line.plain[max(0, mention.start - 8) : mention.start]
    return _PLANNED.search(before) is not None


INTERRUPTING = frozenset(
    {
        "12345投诉",
        "转劳动监察",
        "劳动监察投诉",
        "申请劳动仲裁",
        "起诉",
        "住建部门投诉",
        "信访",
        "找工会",
        "向单位催要",
        "单位承诺支付",
    }
)
_ASKED_DEMANDS = re.compile(
    r"(?:有没有|是否|有)[^。]{0,12}(?:要过|找过|催过|投诉过|反映过|催|投诉|告过|问过|去过)"
)
_NEVER = re.compile(r"^(?:哦|啊|哎|都)?(?:没有|没得|没(?=我|$|。)|都没|从来没|没去|没找|没要|没催|不曾)")
_NEVER_SAID = re.compile(r"(?:从来|一直|都|一次也|一次都|也)没(?:有)?(?:去)?(?:找|要|催|投诉|告|问|反映)过?")


def interrupted(reading: Reading, steps: list[str]) -> bool | None:
    """Whether a demand, complaint or promise was told that can interrupt the limitation (调解仲裁法 27); False when
    the caller denies any, None when nobody said."""
    if INTERRUPTING & set(steps):
        return True
    for line in reading.caller_lines:
        if _ASKED_DEMANDS.search(reading.question_before(line)) and _NEVER.search(line.plain):
            reading.evidence.note("interruption_possible", Mention(line, 0, min(8, len(line.plain))))
            return False
        if _NEVER_SAID.search(line.plain):
            return False
    return None


def evidence_names() -> list[str]:
    """The pieces of evidence that have words."""
    return list(_file().evidence)


def mentions_of(name: str, lines: Sequence[Line]) -> list[Mention]:
    """Where *lines* name the piece of evidence *name*, held or not."""
    return list(mentions(_file().evidence[name], lines, name))
