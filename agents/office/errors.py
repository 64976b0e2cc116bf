"""What the office refuses. The pages show the *reason*, a key of the catalogue, next to what was typed."""

from typing import ClassVar

from config.errors import AnxinError, Blame


class Refused(AnxinError):
    """What was asked cannot be done; *reason* is ``office.<key>`` or ``roster.<key>`` of the catalogues."""

    code: ClassVar[str] = "bad-input"
    blame: ClassVar[Blame] = Blame.CALLER

    def __init__(self, reason: str, **fields: object) -> None:
        super().__init__(f"refused: {reason} {fields or ''}".strip())
        self.reason, self.fields = reason, fields


class NotHere(AnxinError):
    """There is no such thing, or it is another prefecture's: the answer does not say which."""

    code: ClassVar[str] = "not-found"
    blame: ClassVar[Blame] = Blame.CALLER


class Changed(AnxinError):
    """It was changed since by somebody else."""

    code: ClassVar[str] = "conflict"
    blame: ClassVar[Blame] = Blame.CALLER
