"""The summary of a call: every element with where it was heard, the clocks, the aid, and what is missing.

``summarise`` is pure: the same call and the same rules give the same summary. Nothing is invented: a value without
words that carry it stays None.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from transcription.law.aid import Aid, AidFacts, aid_rules, assign_four_hundred, decide_aid
from transcription.law.clocks import Deadline, LegalFacts, Trait, running_clocks, statutes
from transcription.law.workdays import workdays

from . import counsel, events, holdings, signals
from .contract import employment_form, written_contract
from .dates import Precision
from .issues import FAMILY, LABOUR, named_issues, settle_issues
from .lexicon import compile_pattern
from .money import GROUP, OWED, Amount, owed_in_the_end
from .parties import Heads, Standing, age_of, category_of, count_workers, employer_of, find_standing, people
from .reading import Heard, Reading, joined, mention_of, read
from .transcript import Call
from .workplace import Places, find_places


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything the lawyer signs. *fields* holds the vocabulary's keys; *evidence* where each was heard; *missing*
    and *contradictions* are told to the lawyer first; *deadlines* and *aid* carry their reasons in plain words."""

    fields: dict[str, Any]
    evidence: dict[str, list[Heard]]
    missing: tuple[str, ...]
    contradictions: tuple[str, ...]
    deadlines: tuple[Deadline, ...]
    aid: Aid

    def to_json(self) -> dict[str, Any]:
        """The vocabulary's keys, and ``evidence``, ``missing``, ``contradictions``."""
        return {
            **self.fields,
            "evidence": {key: [_heard(h) for h in heard] for key, heard in self.evidence.items()},
            "missing": list(self.missing),
            "contradictions": list(self.contradictions),
        }


def _heard(heard: Heard) -> dict[str, Any]:
    return {
        "turn": heard.turn,
        "seconds": heard.seconds,
        "confidence": heard.confidence,
        "words": heard.words,
    }


def summarise(call: Call) -> Summary:
    """The first draft of *call* by rules."""
    reading = read(call)
    standing = find_standing(reading)
    named = named_issues(reading)
    family = bool(FAMILY & named.keys())
    labour = bool(LABOUR & named.keys()) or ("traffic_injury" in named and standing.works)
    situation = signals.read_situation(reading)
    category = category_of(standing, labour, family, spoke=not situation.silent)
    works = category in ("migrant_worker", "gig_worker", "unknown")
    on_behalf = category == "non_worker" and standing.relative_works and labour and not family
    owed = owed_in_the_end(reading.amounts)
    issues = (
        [] if situation.silent else settle_issues(named, standing, category, reading, owed.value is not None)
    )
    labour = bool(LABOUR & set(issues)) or ("traffic_injury" in issues and category == "gig_worker")
    claimant = (works or on_behalf) and not situation.silent
    draft = _Draft(reading, standing, category, issues, labour, claimant, on_behalf)
    return draft.summary(situation, owed)


class _Draft:
    """Fills the fields from one reading; each method one part."""

    def __init__(
        self,
        reading: Reading,
        standing: Standing,
        category: str,
        issues: list[str],
        labour: bool,
        claimant: bool,
        on_behalf: bool,
    ) -> None:
        self.reading, self.standing, self.category = reading, standing, category
        self.issues, self.labour, self.claimant, self.on_behalf = issues, labour, claimant, on_behalf
        self.contradictions: list[str] = []
        self.missing: list[str] = []

    def summary(self, situation: signals.Situation, owed: Any) -> Summary:
        reading, claimant = self.reading, self.claimant
        places = find_places(reading) if not situation.silent else Places(None, None, None, None)
        told = events.find_events(reading)
        happened = self._happened(told)
        age = age_of(reading, compile_pattern(people().relatives))
        contract, other_paper = written_contract(reading) if self.category != "employer" else (None, "")
        contract = contract if claimant else None
        form = (
            employment_form(reading, self.standing, contract, other_paper, age)
            if claimant and self.labour
            else None
        )
        steps = holdings.prior_steps(reading) if self.category != "employer" else []
        interruption = holdings.interrupted(reading, steps)
        still = self._still_employed(happened)
        deadlines = self._deadlines(happened, form, steps, interruption, still, told)
        ring = counsel.callback(reading)
        required = ring.required or situation.silent or situation.unsafe
        heads = count_workers(reading) if claimant and self.labour else None
        advice = counsel.advice_given(reading)
        aid = self._aid(deadlines, form, advice, situation)
        if claimant:
            self.contradictions.extend(owed.doubts)
        flags = signals.find_flags(
            reading,
            situation,
            self.standing,
            signals.FlagFacts(
                self.category, self.labour, self.issues, deadlines, places, age, form, required,
                (heads.count or 0) if heads else 0, bool(self.contradictions), self.on_behalf,
            ),
        )  # fmt: skip
        fields: dict[str, Any] = {
            **self._channel(),
            **self._who(places, form, heads, age, happened),
            **self._money(owed),
            "period": events.owed_period(reading, told, _day(happened, events.END))
            if claimant and self._pay_matter()
            else None,
            **self._times(happened, still),
            "written_contract": contract,
            "evidence_held": holdings.evidence_held(reading) if self.category != "employer" else [],
            "prior_steps": steps,
            "deadlines": [_deadline_json(clock) for clock in deadlines],
            "urgency": signals.urgency_of(flags, self.issues),
            "aid": _aid_json(aid),
            "four_100": assign_four_hundred(self.category, self.issues, self.labour, aid_rules())
            if not self.on_behalf
            else assign_four_hundred("migrant_worker", self.issues, self.labour, aid_rules()),
            "requested_outcome": counsel.requested_outcome(reading, self.issues),
            "advice_given": advice,
            "next_actions": counsel.next_actions(reading, places.now, ring, "discreet_callback" in flags),
            "flags": flags,
            "callback_required": required,
        }
        if required:
            fields["callback"] = _callback_json(ring, situation)
        if situation.language and (
            {"minority_language", "interpreter_used"} & set(flags) or reading.call.dtmf == "3"
        ):
            fields["language"] = situation.language
        if situation.silent:
            fields["response_closed"] = False
        self._gaps(fields, happened)
        return Summary(
            fields,
            reading.evidence.all(),
            tuple(dict.fromkeys(self.missing)),
            tuple(dict.fromkeys(self.contradictions)),
            tuple(deadlines),
            aid,
        )

    def _channel(self) -> dict[str, Any]:
        dtmf = self.reading.call.dtmf
        channel = signals.channel_of(self.category, self.labour, dtmf)
        initial = {"1": "dedicated", "2": "general"}.get(dtmf)
        if initial is None or initial == channel:
            return {"channel": channel}
        moved = {"rerouted": True, "keep_queue_position": True, "hang_up": False}
        if channel == "dedicated":
            moved = {"retagged": True, "keep_queue_position": True}
        return {"channel": channel, "channel_initial": initial, **moved}

    def _who(
        self, places: Places, form: str | None, heads: Heads | None, age: int | None, happened: dict[str, Any]
    ) -> dict[str, Any]:
        trade = self.standing.trade if self.claimant and self.labour else None
        employed = (self.labour or self.standing.works) and self.category != "non_worker"
        work = places.work if employed or self.on_behalf else None
        if self.category == "employer":
            work = places.work or places.now
        fields: dict[str, Any] = {
            "caller_category": self.category,
            "occupation": trade.name if trade else None,
            "key_group": trade.key_group if trade else None,
            "employer_or_platform": employer_of(self.reading, work.county if work else "")
            if self.claimant and self.labour
            else None,
            "employment_form": form,
            "work_prefecture": (work.prefecture or None) if work else None,
            "issue_types": self.issues,
        }
        if work and work.county:
            fields["work_county"] = work.county
        if work and not work.prefecture:
            fields["work_place_outside"] = work.province
        home = places.home or (places.now if self.category == "non_worker" else None)
        if home and home.prefecture:
            fields["caller_prefecture"] = home.prefecture
            if home.county:
                fields["caller_county"] = home.county
        if places.now and places.now.full and self.category != "non_worker":
            fields["caller_current_location"] = places.now.full
        if self.standing.now:
            fields["current_occupation"] = self.standing.now.name
        if age is not None:
            fields["age"] = age
        if trade and re.search(r"(?:注册|办)[^。没]{0,6}个体(?:户|工商)?", joined(self.reading.caller_lines)):
            fields["individual_business_registered"] = True
        if self.on_behalf:
            fields["on_behalf_of"] = self.standing.relative or "家属"
        if self.claimant and self.labour:
            fields["workers_count"] = heads.count if heads else 1
            if heads and heads.words:
                fields["workers_count_text"] = heads.words
            fields["collective"] = bool(heads and (heads.count is None or heads.count > 1))
        else:
            fields["workers_count"], fields["collective"] = None, False
        return fields

    def _pay_matter(self) -> bool:
        return bool(
            {
                "wage_arrears",
                "overtime_pay",
                "remuneration_withheld",
                "freight_unpaid",
                "wage_during_medical_leave",
            }
            & set(self.issues)
        )

    def _money(self, owed: Any) -> dict[str, Any]:
        reading = self.reading
        amount = owed.amount if self.claimant and self._pay_matter() else None
        fields: dict[str, Any] = {"amount_owed_yuan": owed.value if amount else None}
        if amount:
            reading.evidence.note(
                "amount_owed_yuan", mention_of(amount.line, amount.start, amount.end), amount.sure
            )
        group = owed_in_the_end(reading.amounts, GROUP)
        if group.amount and self.claimant and self._pay_matter():
            fields["group_amount_yuan_approx"] = group.value
            reading.evidence.note(
                "group_amount_yuan_approx",
                mention_of(group.amount.line, group.amount.start, group.amount.end),
            )
        if not self.claimant:
            return fields
        for key, roles in _OTHER_AMOUNTS.items():
            said = [a for a in reading.amounts if a.role in roles and a.value is not None and _fits(key, a)]
            if said:
                fields[key] = said[-1].value
                reading.evidence.note(
                    key, mention_of(said[-1].line, said[-1].start, said[-1].end), said[-1].sure
                )
        if "deposit_withheld" in self.issues and "deposit_yuan" in fields:
            fields["deposit_withheld_yuan"] = fields.pop("deposit_yuan")
        return fields

    def _happened(self, told: Sequence[events.Event]) -> dict[str, events.Event | None]:
        if not self.claimant:
            return {}
        kinds = {
            events.END: "employment_end_date",
            events.START: "employment_start_date",
            events.PERFORMANCE: "performance_due_date",
            events.PAYMENT: "payment_due_date",
        }
        if {"work_injury", "traffic_injury", "occupational_injury_protection"} & set(self.issues):
            kinds[events.INJURY] = "injury_date"
        kinds[events.AWARD] = "award_received_date"
        found: dict[str, events.Event | None] = {}
        for kind, key in kinds.items():
            found[kind], conflict = events.pick(told, kind, self.reading, key)
            if conflict and kind in (events.INJURY, events.END, events.AWARD):
                self.contradictions.append(conflict)
        return found

    def _still_employed(self, happened: dict[str, events.Event | None]) -> bool:
        if happened.get(events.END):
            return False
        if _STILL.search(joined(self.reading.caller_lines)):
            return True
        return any(
            _STILL_ANSWER.match(line.plain) and _STILL_ASKED.search(self.reading.question_before(line))
            for line in self.reading.caller_lines
        )

    def _times(self, happened: dict[str, events.Event | None], still: bool) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "injury_date": _iso(happened, events.INJURY),
            "employment_end_date": _iso(happened, events.END),
        }
        end = happened.get(events.END)
        if end and end.day is None and end.span.precision is Precision.MONTH:
            fields["employment_end_month"] = end.span.iso()
        if award := _iso(happened, events.AWARD):
            fields["award_received_date"] = award
        if self.claimant and self.labour:
            served = events.years_of_service(self.reading)
            if served is not None:
                fields["years_of_service"] = served
        if still and self.claimant and self.labour:
            fields["still_employed"] = True
        return fields

    def _deadlines(
        self,
        happened: dict[str, Any],
        form: str | None,
        steps: Sequence[str],
        interruption: bool | None,
        still: bool,
        told: Sequence[events.Event],
    ) -> list[Deadline]:
        if not self.claimant:
            return []
        dates: dict[str, date] = {}
        for kind, name in (
            (events.END, "employment_end_date"),
            (events.INJURY, "injury_date"),
            (events.AWARD, "award_received_date"),
            (events.PERFORMANCE, "performance_due_date"),
            (events.PAYMENT, "payment_due_date"),
        ):
            if day := _day(happened, kind):
                dates[name] = day
        if "employment_end_date" in dates:
            start, served = _day(happened, events.START), events.years_of_service(self.reading)
            limit = (
                start.replace(year=start.year + 1) - timedelta(days=1)
                if start and (start.month, start.day) != (2, 29)
                else None
            )
            if limit or served is None or served < 1:
                dates["double_wage_end_date"] = min(filter(None, (limit, dates["employment_end_date"])))
        facts = LegalFacts(
            self.reading.today,
            frozenset(self.issues),
            dates,
            frozenset(self._traits(form, steps, dates)),
            still,
            interruption,
        )
        return running_clocks(facts, statutes(), workdays())

    def _traits(self, form: str | None, steps: Sequence[str], dates: dict[str, date]) -> set[Trait]:
        said = joined(self.reading.caller_lines)
        traits: set[Trait] = set()
        unperformed = re.search(
            r"(?:裁决|判决|判|裁|调解书|调解)[^。]{0,30}(?:不给|没给|不执行|没执行|不履行|没履行|一分(?:钱)?(?:都|也)?没|拿不到|赖着)",
            said,
        )
        received = (
            "award_received_date" in dates
            or "收到裁决书" in steps
            or "arbitral_award_dissatisfied" in self.issues
        )
        if received:
            traits.add(Trait.AWARD_RECEIVED)
        if unperformed and "arbitral_award_dissatisfied" not in self.issues:
            traits |= {Trait.AWARD_UNPERFORMED, Trait.AWARD_ACCEPTED, Trait.AWARD_RECEIVED}
        if "申请劳动仲裁" in steps and not received:
            traits.add(Trait.ARBITRATION_FILED)
        if "起诉" in steps:
            traits.add(Trait.LAWSUIT_FILED)
        if re.search(
            r"(?:认定|定)(?:了|成|为|是)(?:工伤)|工伤认定书?[^。]{0,4}(?:下来|出来|拿到|收到|有了)|已经认定",
            said,
        ):
            traits.add(Trait.INJURY_RECOGNISED)
        if "申请工伤认定" in steps:
            traits.add(Trait.INJURY_APPLIED)
        if form in ("self_operated_civil", "individual_employer_no_contract"):
            traits.add(Trait.NO_LABOUR_RELATION)
        if form == "over_age_service_relation_uncertain":
            traits.add(Trait.OVER_AGE)
        if self.category == "gig_worker":
            traits.add(Trait.PLATFORM_WORK)
        if re.search(
            r"监察[^。]{0,10}(?:两年|二年|2年)|(?:两年|二年|2年)[^。]{0,10}监察",
            joined(self.reading.lawyer_lines),
        ):
            traits.add(Trait.INSPECTION_WINDOW)
        return traits

    def _aid(
        self,
        deadlines: Sequence[Deadline],
        form: str | None,
        advice: Sequence[str],
        situation: signals.Situation,
    ) -> Aid:
        facts = AidFacts(
            category="migrant_worker" if self.on_behalf else self._aid_category(),
            issues=self.issues,
            deadlines=deadlines,
            labour=self.labour,
            no_labour_relation=form == "self_operated_civil",
            uncertain_relation=form == "over_age_service_relation_uncertain",
            preservation=bool({"申请财产保全", "申请先予执行"} & set(advice)),
            silent=situation.silent or (self.category == "unknown" and not self.issues),
            missing_papers_promised="容缺受理" in advice,
            any_point="全省通办" in advice,
        )
        return decide_aid(facts, aid_rules())

    def _aid_category(self) -> str:
        """A rider from the country is a 进城务工人员 too (42 条 3 项)."""
        return "migrant_worker" if self.category == "gig_worker" and self.standing.rural else self.category

    def _gaps(self, fields: dict[str, Any], happened: dict[str, events.Event | None]) -> None:
        if not (self.claimant and self.labour):
            return
        if not fields["work_prefecture"] and "work_place_outside" not in fields:
            self.missing.append("用工所在州市没有说清")
        if (
            self._pay_matter()
            and fields["amount_owed_yuan"] is None
            and "group_amount_yuan_approx" not in fields
        ):
            self.missing.append("拖欠金额没有准数")
        if {"work_injury", "traffic_injury"} & set(self.issues) and not fields["injury_date"]:
            self.missing.append(self._vague(happened, events.INJURY, "受伤日期"))
        if (
            {"wage_arrears", "unlawful_dismissal", "economic_compensation"} & set(self.issues)
            and not fields["employment_end_date"]
            and not fields.get("still_employed")
        ):
            self.missing.append(self._vague(happened, events.END, "离职日期(是否还在职)"))
        if "arbitral_award_dissatisfied" in self.issues and "award_received_date" not in fields:
            self.missing.append(self._vague(happened, events.AWARD, "收到裁决书的日期(起诉期限只有15天)"))
        if fields["written_contract"] is None:
            self.missing.append("有没有签书面合同没有问到")
        if not fields["evidence_held"]:
            self.missing.append("手里有什么证据没有说到")

    @staticmethod
    def _vague(happened: dict[str, events.Event | None], kind: str, name: str) -> str:
        event = happened.get(kind)
        return f"{name}只说到{event.span.iso()},要问清哪一天" if event else f"{name}没有说"


_STILL = re.compile(
    r"(?:还|仍然?|一直)在(?:这|那|里|他们|厂|公司|站点|店|工地)?[^。]{0,6}(?:上班|干|做|跑|送|班)|还没(?:有)?(?:离职|辞职|走)|在职"
)
_STILL_ANSWER = re.compile(r"还在|在呢|在的|是呢?还在|在上|还上着|还干着")
_STILL_ASKED = re.compile(r"(?:还|现在)[^。]{0,6}(?:在|上班|干|做)")

_OTHER_AMOUNTS: dict[str, tuple[str, ...]] = {
    "monthly_wage_yuan": ("rate",),
    "medical_cost_yuan": ("medical",),
    "advanced_medical_yuan": ("advanced",),
    "amount_awarded_yuan": ("awarded",),
    "deposit_yuan": ("deposit",),
    "vehicle_rent_monthly_yuan": ("rent",),
    "subsidy_monthly_yuan": ("subsidy",),
}


def _fits(key: str, amount: Amount) -> bool:
    if key != "monthly_wage_yuan":
        return True
    around = amount.line.plain[max(0, amount.start - 12) : amount.end + 6]
    return "月" in around and (amount.value or 0) >= 300


def _day(happened: dict[str, Any], kind: str) -> date | None:
    event = happened.get(kind)
    return event.day if event else None


def _iso(happened: dict[str, Any], kind: str) -> str | None:
    day = _day(happened, kind)
    return day.isoformat() if day else None


def _deadline_json(clock: Deadline) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "rule": clock.rule,
        "start": clock.start.isoformat(),
        "due_raw": clock.due_raw.isoformat(),
        "due": clock.due.isoformat(),
        "days_left": clock.days_left,
        "at_risk_7d": clock.at_risk_7d,
        "expired": clock.expired,
        "interruption_possible": clock.interruption_possible,
    }
    if clock.advise_file_by:
        shown["advise_file_by"] = clock.advise_file_by.isoformat()
    if clock.provisional:
        shown["provisional"] = True
    return {**shown, "source": clock.source, "explanation": clock.explanation}


def _aid_json(aid: Aid) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "eligible": aid.eligible,
        "means_test_exempt": aid.means_test_exempt,
        "basis": aid.basis,
        "provide_first": aid.provide_first,
    }
    if aid.accept_with_missing_documents:
        shown["accept_with_missing_documents"] = True
    if aid.any_point_application:
        shown["any_point_application"] = True
    return {**shown, "explanation": aid.explanation}


def _callback_json(ring: counsel.Callback, situation: signals.Situation) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if ring.not_before:
        shown["not_before"] = ring.not_before
    if ring.same_day and not ring.not_before:
        shown["same_day"] = True
    if situation.unsafe:
        shown |= {"discreet": True, "no_sms": True}
    elif ring.reason:
        shown["reason"] = ring.reason
    if ring.to:
        shown["contact"] = ring.to
    return shown
