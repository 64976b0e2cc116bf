# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""What the call is about, in the vocabulary's words: found in the caller's own words, then made to agree with who
they are. Words in ``config/defaults/issues.yaml``. Pure."""

import re
from functools import cache
from typing import Literal

from config.rulefile import Rules, defaults

from .lexicon import Concept, compile_pattern, mentions
from .parties import Standing, people, whose
from .reading import Reading, joined
from .transcript import Line, Mention

IssueName = Literal[
    "account_suspension", "arbitral_award_dissatisfied", "child_support", "complaint_about_handling",
    "contract_signing_guidance", "deposit_collected", "deposit_withheld", "economic_compensation",
    "employer_absconded", "employer_compliance", "family_divorce", "fines", "freight_unpaid", "hardship_relief",
    "labour_relation_confirmation", "no_injury_insurance", "no_written_contract", "occupational_injury_protection",
    "overtime_pay", "remuneration_withheld", "social_insurance_nonpayment", "traffic_injury", "unlawful_dismissal",
    "wage_arrears", "wage_during_medical_leave", "work_injury",
]  # fmt: skip

FAMILY = frozenset({"family_divorce", "child_support"})
INJURIES = frozenset({"work_injury", "traffic_injury", "occupational_injury_protection"})
LABOUR = frozenset(
    {
        "account_suspension", "arbitral_award_dissatisfied", "contract_signing_guidance", "deposit_collected",
        "deposit_withheld", "economic_compensation", "fines", "freight_unpaid", "labour_relation_confirmation",
        "no_injury_insurance", "no_written_contract", "occupational_injury_protection", "overtime_pay",
        "remuneration_withheld", "social_insurance_nonpayment", "unlawful_dismissal", "wage_arrears",
        "wage_during_medical_leave", "work_injury",
    }
)  # fmt: skip


class IssueFile(Rules):
    """``config/defaults/issues.yaml``."""

    issues: dict[IssueName, Concept]


@cache
def _file() -> IssueFile:
    return defaults("issues", IssueFile)


def named_issues(reading: Reading) -> dict[str, Mention]:
    """Every issue the caller's words name, with its first mention; before anything is known of the caller."""
    found: dict[str, Mention] = {}
    for name, concept in _file().issues.items():
        if not concept.employer and (first := next(mentions(concept, reading.caller_lines, name), None)):
            found[name] = first
    for name, words in (
        ("work_injury", "工伤(?!保险)"),
        ("occupational_injury_protection", "职业伤害|新职伤"),
    ):
        # the caller tells of the harm, the lawyer calls it by its name
        hurt = next((h for line in reading.caller_lines if (h := harmed(line))), None)
        if name not in found and hurt and _told(words, joined(reading.lawyer_lines)):
            found[name] = hurt
    if "no_injury_insurance" not in found and (lacking := _no_insurance(reading)):
        found["no_injury_insurance"] = lacking
    if "no_written_contract" not in found:
        double = next(mentions(_file().issues["no_written_contract"], reading.lawyer_lines), None)
        if double and re.search(r"没(?:有)?[^。]{0,6}(?:合同|签)", joined(reading.caller_lines)):
            found["no_written_contract"] = double
    return found


_INSURANCE_ASKED = re.compile(r"工伤(?:保)?险")
_NO_INSURANCE = re.compile(
    r"保险[^。]{0,3}没(?:有)?(?:买|交|上|得)|没(?:有)?(?:买|交|上)[^。]{0,2}保险|^没(?:有|得)?买?"
)


def _no_insurance(reading: Reading) -> Mention | None:
    """保险没买, said to the question about the insurance against injuries at work."""
    for line in reading.caller_lines:
        found = _NO_INSURANCE.search(line.plain)
        if found and _INSURANCE_ASKED.search(reading.question_before(line)):
            return Mention(line, found.start(), found.end())
    return None


_HARM = re.compile(
    r"(?:手|脚|腿|头|腰|背|眼睛?|指头?|身上|胳膊|膀子)[^。]{0,12}(?:断|破|掉|伤|残|骨折|流血|缝)|(?:被|着)[^。]{0,6}(?:砸|压|撞|绞|夹|烫|炸|电|冲|卷)|人没了|抢救|倒(?:了|下)[^。]{0,8}(?:医院|没)|骨(?:折|裂)"
)


def harmed(line: Line) -> Mention | None:
    """Where *line* tells of bodily harm or death."""
    found = _HARM.search(line.plain)
    return Mention(line, found.start(), found.end()) if found else None


def _told(words: str, said: str) -> bool:
    """Whether *words* are stated in *said*, not asked after."""
    asked = re.compile(r"有没有|是否|是不是|有无|参没参加|问")
    return any(not asked.search(said[max(0, m.start() - 16) : m.start()]) for m in re.finditer(words, said))


_CONTRACTOR = re.compile(
    r"(?:他|她|我|老公|男人|丈夫|儿子|爸|爹|哥)(?:就|也)?是(?:个|一个)?(?:小|大)?(?:包工头|工头|承包商)"
)
_ALREADY = re.compile(
    r"(?:差|欠)(?:着|起|了)?我|没(?:有)?(?:发|给|结)(?:过|我)|住(?:了)?院|骨折|(?:被|着)[^。]{0,4}(?:辞|开除)|把我(?:辞|开)"
)


def _of_kin(found: dict[str, Mention], standing: Standing, reading: Reading) -> set[str]:
    """The injuries of a relative, told by somebody whose own work is told of: 我在佛山打工,我爸爸摔断了腿."""
    if not standing.works or standing.relative_works or not standing.relative:
        return set()
    relatives = compile_pattern(people().relatives)
    hurt = {"work_injury", "traffic_injury"} & found.keys()
    return {
        name
        for name in hurt
        if whose(found[name].line, found[name].start, relatives, reading.caller_lines) == "relative"
    }


def _not_of_this_matter(names: set[str], category: str, said: str, owed: bool) -> set[str]:
    """误工费 is asked of whoever ran a rider over; what a paper to be signed says has not happened yet."""
    if category == "gig_worker" and "traffic_injury" in names:
        return {"wage_during_medical_leave"}
    if "contract_signing_guidance" in names and not owed and not _ALREADY.search(said):
        return {"wage_arrears", "work_injury", "overtime_pay", "unlawful_dismissal"}
    return set()


def is_of_kin_alone(reading: Reading, standing: Standing, named: dict[str, Mention]) -> bool:
    """Whether whatever was told of work is a relative's, and the caller does no work: 我老公要不到工程款."""
    if standing.works or not standing.relative or standing.trade:
        return False
    relatives = compile_pattern(people().relatives)
    told = [named[name] for name in LABOUR & named.keys()]
    return bool(told) and all(
        whose(m.line, m.start, relatives, reading.caller_lines) == "relative" for m in told
    )


_WAGE_WORD = re.compile(r"工资|工钱|薪|底薪|提成")
_PAY_WORD = re.compile(r"跑单|单费|配送费|余额|提现|流水|佣金|派费|派件费|收入|服务费|车费")
_RELATION_TOLD = re.compile(
    r"(?<!不能)(?<!不)(?:确认|主张|认定(?:为|成)?|构成)[^。不没]{0,6}劳动关系(?![^。]{0,6}(?:不大|难|吗))"
)
_INJURY_WORD = re.compile(r"工伤")
_ON_THE_WAY = re.compile(r"(?:上班|下班|上下班|去工地|回宿舍|收工)[^。]{0,8}(?:路上|途中|时候|回家)")


def settle_issues(  # noqa: C901, PLR0912, PLR0915 - a decision list reads best as one
    found: dict[str, Mention], standing: Standing, category: str, reading: Reading, owed: bool
) -> list[str]:
    """The issues that fit the caller, most pressing first as told.

    *owed*: an amount is owed to the caller. An employer's call is about compliance; a call about the family with no
    work of the caller's own has no labour issues.
    """
    said = joined(reading.caller_lines)
    names = set(found) - _of_kin(found, standing, reading)
    if category == "employer":
        return ["employer_compliance"]
    if category == "non_worker" and not standing.relative_works:
        names &= {
            "family_divorce",
            "child_support",
            "hardship_relief",
            "complaint_about_handling",
            "traffic_injury",
        }
    if category == "non_worker" and names & FAMILY:
        names &= FAMILY
    sector = standing.trade.sector if standing.trade else ""
    pay = {"wage_arrears", "remuneration_withheld", "freight_unpaid", "overtime_pay"}
    if category == "non_worker" and _CONTRACTOR.search(said):
        names, owed = names - pay, False  # what is owed to a contractor is no pay
    if owed and not names & (pay | FAMILY):
        names.add("wage_arrears")
    if sector == "freight" and "freight_unpaid" in names:
        names -= {"wage_arrears", "remuneration_withheld"}
    elif sector == "freight" and "wage_arrears" in names and not _WAGE_WORD.search(said):
        names.discard("wage_arrears")
        names.add("freight_unpaid")
    elif sector != "freight":
        names.discard("freight_unpaid")
    if sector != "gig" and category != "gig_worker":
        names -= {"remuneration_withheld", "occupational_injury_protection"}
    elif "wage_arrears" in names and (not _WAGE_WORD.search(said) or _PAY_WORD.search(said)):
        names.discard("wage_arrears")
        names.add("remuneration_withheld")
    if (
        "remuneration_withheld" in names
        and "wage_arrears" not in names
        and not owed
        and names & {"fines", "deposit_withheld"}
        and not _PAY_WORD.search(said)
    ):
        names.discard("remuneration_withheld")
    if category == "gig_worker" and _RELATION_TOLD.search(joined(reading.lawyer_lines)):
        names.add("labour_relation_confirmation")
    if "traffic_injury" in names and "work_injury" in names:
        if sector in ("gig", "freight") and not _INJURY_WORD.search(said):
            names.discard("work_injury")
        elif sector not in ("gig", "freight") and not (
            _ON_THE_WAY.search(said) or re.search(r"车", found["traffic_injury"].line.plain)
        ):
            names.discard("traffic_injury")
    names -= _not_of_this_matter(names, category, said, owed)
    if {"work_injury", "wage_arrears"} <= names and _told("停工留薪", joined(reading.lawyer_lines)):
        names = names - {"wage_arrears"} | {"wage_during_medical_leave"}
    if "contract_signing_guidance" in names and not standing.works:
        names.discard("social_insurance_nonpayment")
    if "deposit_withheld" in names:
        names.discard("deposit_collected")
    if (
        "no_injury_insurance" in names
        and re.search(r"工伤(?:保险|险)", said)
        and not re.search(r"社保|养老|五险", said)
    ):
        names.discard("social_insurance_nonpayment")
    if "arbitral_award_dissatisfied" in names:
        names -= {"labour_relation_confirmation"} if not re.search(r"劳动关系", said) else set()
    if "economic_compensation" in names and "work_injury" in names and "unlawful_dismissal" not in names:
        names.discard("economic_compensation")
    if (
        names <= {"hardship_relief", "employer_absconded"}
        and not standing.works
        and not standing.relative_works
    ):
        names.discard("employer_absconded")
    for name in names:
        if name in found:
            reading.evidence.note("issue_types", found[name])
    return sorted(names, key=lambda n: found[n].order if n in found else (10**6, 0))
