"""What holds in this process: what came with the program, or what the office published over it.

``look`` reads SQL and blocks; everything else answers from what was seen last. A database that is away, or a
text that this release cannot use, leaves in force what was in force before.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from importlib.resources import files

from config.published import Published
from config.rulefile import Rules, parse_rules, ruling
from config.workdays import HolidayFile, load_calendar
from ivr.data import parse_menu
from sla.demands import Rules as DemandRules
from sla.targets import load_targets
from transcription.lexicon import Lexicon, LexiconFile, lexicon_of

from .publishing import LAW, LEXICON, MENU, TARGETS, published_targets


class InForce:
    def __init__(self, published: Published) -> None:
        """The defaults hold until the first look."""
        self._published = published
        self.law: Mapping[str, Rules] = {}
        self.targets, self.calendar = load_targets(), load_calendar()
        self.menu = ""  # the text of menu.yaml, '' for the default

    def look(self) -> None:
        """Take over what was published since. Blocking; raise BadRules when a default cannot be used."""
        held = self._published
        self.law = {name: held.parsed(name, partial(_law, name)) for name in LAW}
        holidays = self.law["holidays"]
        self.calendar = load_calendar(holidays if isinstance(holidays, HolidayFile) else None)
        self.targets = held.parsed(TARGETS, lambda text: published_targets(text or default(TARGETS)))
        self.menu = held.parsed(MENU, _menu)

    def demand_rules(self, talk_s: float | None = None) -> DemandRules:
        """Return what the ledger's writer decides by; *talk_s* is the operator's setting."""
        return self.targets.rules(talk_s, self.calendar)

    def ruling(self) -> AbstractContextManager[None]:
        """Inside, holidays, statutes and the rules of legal aid are those that hold."""
        return ruling(self.law)

    def ruling_now(self) -> AbstractContextManager[None]:
        """Look first, then as ``ruling``. Blocking."""
        self.look()
        return self.ruling()

    def lexicon(self) -> Lexicon:
        """Return the words of the field that hold. Blocking, and slow when they are new."""
        return self._published.parsed(LEXICON, _lexicon)


def default(name: str) -> str:
    """Return the text of a file that came with the program."""
    return (files("config") / "defaults" / f"{name}.yaml").read_text("utf-8")


def _law(name: str, text: str) -> Rules:
    return parse_rules(text or default(name), LAW[name], f"{name}.yaml")


def _menu(text: str) -> str:
    if text:
        parse_menu(text)
    return text


def _lexicon(text: str) -> Lexicon:
    return lexicon_of(parse_rules(text or default(LEXICON), LexiconFile, f"{LEXICON}.yaml"))
