# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""A call as JSON: what ``anxin summarise`` reads. Every mistake is told with the path and what was expected."""

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from config.errors import AnxinError, Blame
from transcription.turns import Turn

from .transcript import Call


class BadCall(AnxinError):
    """The call file can't be read; the message names the place and what was expected there."""

    code: ClassVar[str] = "call.bad"
    blame: ClassVar[Blame] = Blame.CALLER


class TurnIn(BaseModel):
    """One turn of the file; *start*/*end* are accepted for *start_s*/*end_s*."""

    model_config = ConfigDict(extra="ignore")

    speaker: str = Field(
        pattern="^(caller|lawyer|interpreter|translator|agent|supervisor|system|ivr|bystander|unknown)$"
    )
    text: str
    start_s: float | None = None
    end_s: float | None = None
    start: float | None = None
    end: float | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)

    def turn(self) -> Turn:
        """The turn the rules read."""
        first = self.start_s if self.start_s is not None else self.start
        last = self.end_s if self.end_s is not None else self.end
        return Turn(
            {"translator": "interpreter", "agent": "lawyer"}.get(self.speaker, self.speaker),
            self.text,
            first,
            last,
            self.confidence,
        )


class CallIn(BaseModel):
    """The file: when, from where, which key, and turns or the path of the audio."""

    model_config = ConfigDict(extra="ignore")

    called_at: AwareDatetime
    caller_number: str = ""
    caller_number_region: str = ""
    dtmf: str = ""
    turns: list[TurnIn] | None = None
    audio: str | None = None
    prior_calls_today: int = Field(default=0, ge=0)

    @field_validator("caller_number", "caller_number_region", "dtmf", mode="before")
    @classmethod
    def _nothing_is_empty(cls, value: Any) -> Any:
        return "" if value is None else str(value) if isinstance(value, int) else value

    def call(self, turns: list[Turn] | None = None) -> Call:
        """The call, with *turns* when they were recognised from the audio."""
        said = turns if turns is not None else [turn.turn() for turn in self.turns or []]
        return Call(
            self.called_at,
            tuple(said),
            self.caller_number,
            self.caller_number_region,
            self.dtmf.strip(),
            self.prior_calls_today,
        )


def parse_call(text: str, name: str = "call") -> CallIn:
    """*text* as a call file. Raises BadCall."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadCall(f"{name}:{error.lineno}: not JSON: {error.msg}") from error
    try:
        read = CallIn.model_validate(data)
    except ValidationError as error:
        told = [f"{name}: {'.'.join(map(str, m['loc'])) or 'file'}: {m['msg']}" for m in error.errors()]
        raise BadCall("\n".join(told)) from error
    if read.turns is None and not read.audio:
        raise BadCall(f"{name}: turns: expected a list of turns, or audio: the path of a recording")
    return read


def load_call(data: dict[str, Any]) -> Call:
    """The call in *data* (``called_at``, ``caller_number``, ``caller_number_region``, ``dtmf``, ``turns``).

    Raises BadCall with the place and what was expected.
    """
    return parse_call(json.dumps(data, ensure_ascii=False, default=_plain)).call()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    raise BadCall(f"call: {type(value).__name__} is nothing a call file can hold")
