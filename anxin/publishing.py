"""What the office may publish as text: how each file is checked, and how a page tells what it says."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from agents.office.publications import DUTY, HOLIDAYS, TextKind
from agents.roster.rules import load_duty
from config.errors import AnxinError
from config.i18n import Translator
from config.rulefile import BadRules, Rules, parse_rules
from config.workdays import HolidayFile
from ivr.data import BadData, parse_menu
from routing.rules import load_rules
from sla.targets import BadTargets, Span, Targets, parse_targets
from transcription.law.aid import AidFile
from transcription.law.check import check
from transcription.law.clocks import EVENT_WORDS, StatuteFile
from transcription.lexicon import LexiconFile

TARGETS, STATUTES, AID, LEXICON, MENU = "targets", "statutes", "aid", "lexicon", "menu"
LAW: Mapping[str, type[Rules]] = {HOLIDAYS: HolidayFile, STATUTES: StatuteFile, AID: AidFile}
Table = Sequence[tuple[str, str]]


def _mistakes(parse: Callable[[str], object]) -> Callable[[str], list[str]]:
    def found(text: str) -> list[str]:
        try:
            parse(text)
        except BadRules as bad:
            return bad.mistakes
        except (BadTargets, BadData) as bad:
            return str(bad).splitlines()
        return []

    return found


def published_targets(text: str) -> Targets:
    """Return the targets of a text. Raise BadTargets, BadRules (a priority that the queue does not know)."""
    targets = parse_targets(text, "targets.yaml")
    known = load_rules().head_starts_ms
    ladders = targets.escalation
    wrong = {
        rung.priority
        for ladder in (ladders.answer, ladders.callback, ladders.response, ladders.acceptance)
        for rung in ladder
        if rung.priority and rung.priority not in known
    }
    if wrong:
        raise BadRules(
            [
                f"targets.yaml:{_line(text, priority)}: escalation: {priority} is no priority of"
                f" routing.yaml: {', '.join(known)}"
                for priority in sorted(wrong)
            ]
        )
    return targets


def published_menu(text: str) -> None:
    """Check a menu. Raise BadData, BadRules (a language that no lawyer can be asked for)."""
    known = load_rules().speakers
    wrong = {key.language for key in parse_menu(text).values() if key.language and key.language not in known}
    if wrong:
        raise BadRules(
            [
                f"menu.yaml:{_line(text, language)}: keys: {language} is no language of skills.yaml:"
                f" {', '.join(known)}"
                for language in sorted(wrong)
            ]
        )


def _line(text: str, word: str) -> int:
    return next((n for n, line in enumerate(text.splitlines(), 1) if word in line), 1)


def _targets_table(text: str, t: Translator) -> Table:
    told = parse_targets(text, "targets.yaml")
    return [
        (
            t("office.t_answer"),
            t("office.t_within", s=f"{told.answer.within_s:g}", share=f"{told.answer.share:.0%}"),
        ),
        (t("office.t_proof"), t("office.t_seconds", s=f"{told.proof.talk_s:g}")),
        (t("office.t_matter"), t("office.t_hours", h=f"{told.matter.same_number_hours:g}")),
        *(
            (t("office.t_response", what=t(f"board.four_100_{name}")), _span(span, t))
            for name, span in told.response.items()
        ),
        (t("office.t_acceptance"), _span(told.acceptance.ordinary, t)),
        (t("office.t_priority"), _span(told.acceptance.priority, t)),
        (
            t("office.t_outreach"),
            t("office.t_events", n=told.outreach.province, each=told.outreach.prefecture),
        ),
        (t("office.t_excluded"), "、".join(told.exclusions.values())),
    ]


def _span(span: Span, t: Translator) -> str:
    parts = [("office.t_days", span.days), ("office.t_working_days", span.working_days)]
    return " + ".join(t(word, n=number) for word, number in parts if number) or t("office.t_at_once")


def _statutes_table(text: str, t: Translator) -> Table:
    file = parse_rules(text, StatuteFile, "statutes.yaml")
    return [
        (
            rule.name,
            " · ".join(
                [
                    *(
                        t(f"office.u_{unit}", n=n)
                        for unit, n in rule.length.model_dump(exclude_none=True).items()
                    ),
                    "、".join(EVENT_WORDS[event] for event in rule.starts),
                    rule.source,
                ]
            ),
        )
        for rule in file.rules.values()
    ]


def _aid_table(text: str, t: Translator) -> Table:
    file = parse_rules(text, AidFile, "aid.yaml")
    return [(t("office.n_scopes"), str(len(file.scope))), (t("office.n_classes"), str(len(file.four_100)))]


def _lexicon_table(text: str, t: Translator) -> Table:
    file = parse_rules(text, LexiconFile, "lexicon.yaml")
    return [
        (t("office.n_terms"), str(len(file.terms))),
        (t("office.n_frames"), "、".join(file.around_places)),
        (t("office.n_common"), str(len(file.common))),
        (t("office.n_rules"), str(len(file.rules))),
    ]


def _menu_table(text: str, t: Translator) -> Table:
    def meaning(channel: str, language: str) -> str:
        words = [
            ("office.skill_" + channel) if channel else "",
            ("office.language_" + language) if language else "",
        ]
        return " · ".join(t(word) for word in words if word) or t("office.k_human")

    return [
        (t("office.k_key", digit=digit), meaning(key.channel, key.language))
        for digit, key in parse_menu(text).items()
    ]


def _told(table: Callable[[str, Translator], Table]) -> Callable[[str, Translator], Table]:
    def rows(text: str, t: Translator) -> Table:
        try:
            return table(text, t)
        except AnxinError:  # what was published is no use to this release: the page says so at the text
            return []

    return rows


def _none(_: str, __: Translator) -> Table:
    return []


TEXTS: Mapping[str, TextKind] = {
    DUTY: TextKind("hours", _mistakes(load_duty), _none),
    HOLIDAYS: TextKind("hours", partial(check, name="holidays.yaml"), _none),
    TARGETS: TextKind("targets", _mistakes(published_targets), _told(_targets_table)),
    STATUTES: TextKind("law", partial(check, name="statutes.yaml"), _told(_statutes_table)),
    AID: TextKind("law", partial(check, name="aid.yaml"), _told(_aid_table)),
    LEXICON: TextKind(
        "lexicon",
        _mistakes(partial(parse_rules, model=LexiconFile, name="lexicon.yaml")),
        _told(_lexicon_table),
    ),
    MENU: TextKind("menu", _mistakes(published_menu), _told(_menu_table)),
}
