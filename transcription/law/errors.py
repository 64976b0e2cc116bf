"""What can be wrong with a rule file or a call file."""

from typing import ClassVar

from config.errors import AnxinError, Blame


class BadRules(AnxinError):
    """A rule file can't be used: every mistake with file, line and what was expected."""

    code: ClassVar[str] = "rules.bad"
    blame: ClassVar[Blame] = Blame.US

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes
