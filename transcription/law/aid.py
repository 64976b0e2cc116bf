# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""Who may have legal aid, and which of the four 100s a demand belongs to: ``config/defaults/aid.yaml``. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from config.rulefile import Rules, defaults

from .clocks import Deadline

Category = Literal["employer", "gig_worker", "migrant_worker", "non_worker", "unknown"]
FourHundred = Literal[
    "aid_acceptance_injury",
    "aid_acceptance_wage",
    "free_consult",
    "none",
    "pending",
    "response_gig_relation",
    "response_social_insurance",
]


class Scope(Rules):
    """Matters of one item of article 31."""

    article: str = Field(pattern=r"^\d+条\d+项$")
    issues: list[str] = Field(min_length=1)
    about: str


class Exempt(Rules):
    """Who needs no means test."""

    article: str = Field(pattern=r"^\d+条\d+项$")
    categories: list[Category]
    issues: list[str]


class ProvideFirst(Rules):
    """The items of article 44."""

    deadline: str
    preservation: str


class Paper(Rules):
    """A paper an application needs; *later*: it may follow on a promise (容缺受理)."""

    name: str = Field(min_length=2)
    later: bool


class Assignment(Rules):
    """A row of the four 100s."""

    name: FourHundred
    categories: list[Category] = Field(min_length=1)
    issues: list[str] = Field(default_factory=list)
    labour: bool = False


class AidFile(Rules):
    """``config/defaults/aid.yaml``."""

    scope: list[Scope]
    exempt: Exempt
    provide_first: ProvideFirst
    papers: list[Paper] = Field(min_length=1)
    advice_only: list[str]
    four_100: list[Assignment]


@dataclass(frozen=True, slots=True)
class AidFacts:
    """What the decision leans on. *silent*: nothing is known of the matter at all."""

    category: str
    issues: Sequence[str]
    deadlines: Sequence[Deadline]
    labour: bool = False
    no_labour_relation: bool = False
    uncertain_relation: bool = False
    preservation: bool = False
    silent: bool = False
    missing_papers_promised: bool = False
    any_point: bool = False


@dataclass(frozen=True, slots=True)
class Aid:
    """The decision a lawyer confirms."""

    eligible: str
    means_test_exempt: bool | None
    basis: str | None
    provide_first: bool
    accept_with_missing_documents: bool
    any_point_application: bool
    explanation: str
    papers_later: tuple[str, ...] = ()


def aid_rules() -> AidFile:
    """The rules in force. Raises BadRules."""
    return defaults("aid", AidFile)


def decide_aid(facts: AidFacts, rules: AidFile) -> Aid:
    """Eligibility, means test and urgency by the rules; a person decides."""
    if facts.silent:
        return Aid("unknown", None, None, False, False, False, "还不知道来电人要问什么,先不判断。")
    if facts.category == "employer":
        return Aid("no", False, None, False, False, False, "用人单位不是法律援助对象,可以预约安心法治体检。")
    claims = [issue for issue in facts.issues if issue not in rules.advice_only]
    scope = next((row for row in rules.scope if set(row.issues) & set(claims)), None)
    exempt = facts.category in rules.exempt.categories and bool(set(claims) & set(rules.exempt.issues))
    near = any(clock.at_risk_7d for clock in facts.deadlines)
    articles = [rules.exempt.article] if exempt else [scope.article] if scope else []
    if near and scope:
        articles.append(rules.provide_first.deadline)
    if facts.preservation and scope:
        articles.append(rules.provide_first.preservation)
    first = bool(scope) and (near or facts.preservation)
    basis = f"法律援助法{'、'.join(articles)}" if articles else None
    if basis and scope and not exempt and scope.about == "抚养费":
        basis += "(抚养费)"
    lenient = first or facts.missing_papers_promised
    return Aid(
        eligible=_eligible(facts, claims, scope is not None, exempt),
        means_test_exempt=exempt,
        basis=basis,
        provide_first=first,
        accept_with_missing_documents=lenient,
        any_point_application=facts.any_point,
        explanation=_explain(exempt, scope, near, facts),
        papers_later=tuple(paper.name for paper in rules.papers if paper.later) if lenient else (),
    )


def _eligible(facts: AidFacts, claims: Sequence[str], in_scope: bool, exempt: bool) -> str:
    if not claims:
        return "not_yet" if facts.issues else "unknown"
    if facts.no_labour_relation or (facts.uncertain_relation and not exempt):
        return "uncertain"
    if exempt:
        return "likely"
    return "possible" if in_scope else "uncertain"


def _explain(exempt: bool, scope: Scope | None, near: bool, facts: AidFacts) -> str:
    if scope is None:
        return "目前说到的事情不在法律援助的法定范围里,先提供免费咨询。"
    parts = [f"属于法律援助法{scope.article}({scope.about})的范围"]
    parts.append("进城务工人员要劳动报酬或工伤赔偿,不审查经济困难" if exempt else "需要核查经济困难条件")
    if near:
        parts.append("离期限不满7天,可以先行提供法律援助,材料不齐先收后补")
    if facts.preservation:
        parts.append("需要保全或先予执行,可以先行提供法律援助")
    return ";".join(parts) + "。"


def assign_four_hundred(category: str, issues: Sequence[str], labour: bool, rules: AidFile) -> str:
    """The first row of the four 100s that fits; ``pending`` when none does."""
    for row in rules.four_100:
        if category not in row.categories or (row.labour and not labour):
            continue
        if not row.issues or set(row.issues) & set(issues):
            return row.name
    return "pending"
