# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""The summary of a call: every element with where it was heard, the clocks, the aid, and what is missing.

``summarise`` is pure: the same call and the same rules give the same summary. Nothing is invented: a value without
words that carry it stays None.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from config.workdays import load_calendar
from transcription.law.aid import Aid, AidFacts, aid_rules, assign_four_hundred, decide_aid
from transcription.law.clocks import Deadline, LegalFacts, Trait, running_clocks, statutes

from . import counsel, events, holdings, signals
from .contract import employment_form, written_contract
from .dates import Precision
from .gaps import find_gaps
from .issues import FAMILY, INJURIES, LABOUR, is_of_kin_alone, named_issues, settle_issues
from .lexicon import compile_pattern
from .matter import AWARD_NAMED, MatterFacts, earliest_of, legal_facts
from .money import GROUP
from .owed import Owed, other_amounts, owed_in_the_end
from .particulars import particulars
from .parties import Heads, Standing, age_of, category_of, count_workers, employer_of, find_standing, people
from .reading import Heard, Reading, joined, mention_of, read, read_for_relative
from .shapes import aid_json, callback_json, deadline_json, heard_json
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
    legal: LegalFacts | None  # what the clocks lean on; None: nobody claims anything
    aid_facts: AidFacts

    def to_json(self) -> dict[str, Any]:
        """The vocabulary's keys, and ``evidence``, ``missing``, ``contradictions``."""
        return {
            **self.fields,
            "evidence": {key: [heard_json(h) for h in heard] for key, heard in self.evidence.items()},
            "missing": list(self.missing),
            "contradictions": list(self.contradictions),
        }


def summarise(call: Call) -> Summary:
    """The first draft of *call* by rules."""
    reading = read(call)
    standing = find_standing(reading)
    named = named_issues(reading)
    family = bool(FAMILY & named.keys())
    if standing.relative_works and not standing.works and not family:
        reading = read_for_relative(reading, standing.relative)
        named = named_issues(reading)
    owed = owed_in_the_end(reading.amounts)
    in_sum = owed_in_the_end(reading.amounts, GROUP)
    claimed = (owed.value is not None or in_sum.value is not None) and (
        standing.works or standing.relative_works
    )
    labour = bool(LABOUR & named.keys()) or claimed or ("traffic_injury" in named and standing.works)
    situation = signals.read_situation(reading)
    category = category_of(standing, labour, family, spoke=not situation.silent)
    if category == "migrant_worker" and is_of_kin_alone(reading, standing, named):
        category = "non_worker"
    platform_pay = {"remuneration_withheld", "account_suspension"} & named.keys()
    if category == "migrant_worker" and standing.trade is None and platform_pay:
        category = "gig_worker"
    works = category in ("migrant_worker", "gig_worker", "unknown")
    on_behalf = category == "non_worker" and standing.relative_works and labour and not family
    issues = [] if situation.silent else settle_issues(named, standing, category, reading, claimed)
    labour = bool(LABOUR & set(issues)) or ("traffic_injury" in issues and category == "gig_worker")
    hurt = "traffic_injury" in issues  # whoever was run over has a claim of their own
    claimant = (works or on_behalf or (category == "non_worker" and hurt)) and not situation.silent
    draft = _Draft(
        reading,
        standing=standing,
        category=category,
        issues=issues,
        labour=labour,
        claimant=claimant,
        on_behalf=on_behalf,
    )
    return draft.summary(situation, owed)


class _Draft:
    """Fills the fields from one reading; each method one part."""

    def __init__(
        self,
        reading: Reading,
        *,
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
        self.doubtful = False

    def summary(self, situation: signals.Situation, owed: Owed) -> Summary:
        reading, claimant = self.reading, self.claimant
        places = find_places(reading, owed.amount) if not situation.silent else Places(None, None, None, None)
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
        days = {kind: day for kind in happened if (day := _day(happened, kind))}
        facts = MatterFacts(self.category, self.issues, form, steps, interruption, still, days)
        legal = legal_facts(reading, facts) if claimant else None
        calendar = load_calendar()
        deadlines = running_clocks(legal, statutes(), calendar) if legal else []
        months = {k: e.span.first for k, e in happened.items() if e and e.span.precision is Precision.MONTH}
        possible = (
            running_clocks(earliest_of(reading, facts, months), statutes(), calendar)
            if legal and months
            else []
        )
        ring = counsel.callback(reading)
        required = ring.required or ((situation.silent or situation.unsafe) and not ring.refused)
        heads = count_workers(reading) if claimant and self.labour else None
        advice = counsel.advice_given(reading)
        aid_facts = self._aid_facts(deadlines, form, advice, situation)
        aid = decide_aid(aid_facts, aid_rules())
        if claimant:
            self.doubtful = bool(self.contradictions) or (owed.unsettled and self._pay_matter())
            self.contradictions.extend(owed.doubts)
        flags = signals.find_flags(
            reading,
            situation,
            self.standing,
            signals.FlagFacts(
                self.category, self.labour, self.issues, deadlines, places, age, form, required,
                (heads.count or 0) if heads else 0, self.doubtful, self.on_behalf,
            ),
        )  # fmt: skip
        fields: dict[str, Any] = {
            **self._channel(),
            **self._who(places, form, heads, age),
            **self._money(owed),
            "period": events.owed_period(reading, _day(happened, events.END))
            if claimant and self._pay_matter()
            else None,
            **self._times(happened, still),
            "written_contract": contract,
            "evidence_held": holdings.evidence_held(reading, contract) if self.category != "employer" else [],
            "prior_steps": steps,
            "deadlines": [deadline_json(clock) for clock in deadlines],
            "urgency": signals.urgency_of(flags, self.issues),
            "aid": aid_json(aid),
            "four_100": self._four_hundred(situation),
            "requested_outcome": counsel.requested_outcome(
                reading, self.issues, bool(legal and Trait.AWARD_UNPERFORMED in legal.traits)
            ),
            "advice_given": advice,
            "next_actions": counsel.next_actions(reading, ring, "discreet_callback" in flags, required),
            "flags": flags,
            "callback_required": required,
        }
        if earliest := [c for c in possible if c.rule not in {d.rule for d in deadlines}]:
            fields["deadlines_possible"] = [
                deadline_json(clock) | {"approximate": True} for clock in earliest
            ]
        if required:
            fields["callback"] = callback_json(ring, situation)
        if language := signals.language_of(situation, flags, reading.call.dtmf):
            fields["language"] = language
        hurt = claimant and bool(INJURIES & set(self.issues))
        fields |= particulars(reading, self.category, hurt=hurt, held=fields["evidence_held"])
        if situation.silent:
            fields["response_closed"] = False
        return Summary(
            fields,
            reading.evidence.all(),
            (
                *signals.unheard_told(situation),
                *(find_gaps(fields, happened, earliest) if claimant and self.labour else ()),
            ),
            tuple(dict.fromkeys(self.contradictions)),
            tuple(deadlines),
            aid,
            legal,
            aid_facts,
        )

    def _channel(self) -> dict[str, Any]:
        dtmf = self.reading.call.dtmf
        channel = "general" if self._elsewhere() else signals.channel_of(self.category, self.labour, dtmf)
        initial = {"1": "dedicated", "2": "general"}.get(dtmf)
        if initial is None or initial == channel:
            return {"channel": channel}
        moved = {"rerouted": True, "keep_queue_position": True, "hang_up": False}
        if channel == "dedicated":
            moved = {"retagged": True, "keep_queue_position": True}
        return {"channel": channel, "channel_initial": initial, **moved}

    def _who(  # noqa: C901, PLR0912 - one key after the other
        self, places: Places, form: str | None, heads: Heads | None, age: int | None
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

    def _money(self, owed: Owed) -> dict[str, Any]:
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
        for key, said in other_amounts(reading.amounts).items():
            fields[key] = said.value
            reading.evidence.note(key, mention_of(said.line, said.start, said.end), said.sure)
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
            events.EFFECTIVE: "award_effective_date",
        }
        if INJURIES & set(self.issues):
            kinds[events.INJURY] = "injury_date"
        kinds[events.AWARD] = "award_received_date"
        found: dict[str, events.Event | None] = {}
        for kind, key in kinds.items():
            found[kind], conflict = events.pick(told, kind, self.reading, key)
            told_twice = kind in (events.INJURY, events.END) or (kind == events.AWARD and self._ruled())
            if conflict and told_twice:
                self.contradictions.append(conflict)
        return found

    def _ruled(self) -> bool:
        """Whether an award or a judgment was spoken of: the papers of an injury have days of their own."""
        return AWARD_NAMED.search(joined(self.reading.caller_lines)) is not None

    def _still_employed(self, happened: dict[str, events.Event | None]) -> bool:
        return not happened.get(events.END) and events.still_employed(self.reading)

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

    def _four_hundred(self, situation: signals.Situation) -> str:
        if situation.unsafe and not self.issues:  # nothing could be said yet
            return "pending"
        category = "migrant_worker" if self.on_behalf else self.category
        if self._elsewhere():
            category = "non_worker"
        return assign_four_hundred(category, self.issues, self.labour, aid_rules())

    def _elsewhere(self) -> bool:
        """A worker who asks about something that is not of work (a flat, a loan)."""
        away = self.standing.other_matter or counsel.sent_elsewhere(self.reading)
        return not self.labour and not self.issues and away

    def _aid_facts(
        self,
        deadlines: Sequence[Deadline],
        form: str | None,
        advice: Sequence[str],
        situation: signals.Situation,
    ) -> AidFacts:
        return AidFacts(
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

    def _aid_category(self) -> str:
        """A rider from the country is a 进城务工人员 too (42 条 3 项)."""
        return "migrant_worker" if self.category == "gig_worker" and self.standing.rural else self.category


def _day(happened: dict[str, Any], kind: str) -> date | None:
    event = happened.get(kind)
    return event.day if event else None


def _iso(happened: dict[str, Any], kind: str) -> str | None:
    day = _day(happened, kind)
    return day.isoformat() if day else None
