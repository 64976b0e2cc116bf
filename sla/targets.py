"""What the hotline promises and what counts as proof: ``config/defaults/targets.yaml``, checked when it is
read.
"""

from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.clock import SHANGHAI
from config.errors import AnxinError

from .demands import CLASSES, DAY_MS, Rules


class BadTargets(AnxinError):
    """The targets file cannot be used; the message names file, line and what was expected."""

    code: ClassVar[str] = "bad-targets"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Proof(_Part):
    talk_s: float = Field(gt=0)
    caller_speech_s: float = Field(gt=0)
    lawyer_speech_s: float = Field(gt=0)


class Matter(_Part):
    same_number_hours: float = Field(ge=0)


class Answer(_Part):
    within_s: float = Field(gt=0)
    share: float = Field(gt=0, le=1)


class Callback(_Part):
    within_min: float = Field(gt=0)


class Span(_Part):
    """A length of time: calendar days, or working days of the hotline (Monday to Friday)."""

    days: int = Field(default=0, ge=0)
    working_days: int = Field(default=0, ge=0)

    def after(self, at_ms: int) -> int:
        """Return the end of the span that starts at *at_ms*; a working-day span ends at the same time of
        day.
        """
        moment = datetime.fromtimestamp(at_ms / 1000, SHANGHAI) + timedelta(days=self.days)
        left = self.working_days
        while left or (self.working_days and moment.weekday() >= 5):
            moment += timedelta(days=1)
            if moment.weekday() < 5 and left:
                left -= 1
        return int(moment.timestamp() * 1000)


class Threshold(_Part):
    attention: float
    breach: float


class Board(_Part):
    waiting_s: Threshold
    stale_s: float = Field(gt=0)


class Targets(_Part):
    """The whole file. ``rules()`` is what the pure fold needs of it."""

    proof: Proof
    matter: Matter
    answer: Answer
    callback: Callback
    response: dict[str, Span]
    exclusions: dict[str, str] = Field(min_length=1)
    board: Board

    def rules(self, talk_s: float | None = None) -> Rules:
        """Return the deciding part; *talk_s* (a setting of the operator) takes the place of the file's."""
        return Rules(
            talk_ms=int((self.proof.talk_s if talk_s is None else talk_s) * 1000),
            caller_speech_s=self.proof.caller_speech_s,
            lawyer_speech_s=self.proof.lawyer_speech_s,
            matter_ms=int(self.matter.same_number_hours * 3_600_000),
            answer_ms=int(self.answer.within_s * 1000),
            target_ms=self.target_ms,
        )

    def target_ms(self, four_100: str, opened_at_ms: int) -> int:
        """Return when an open demand of this class becomes a breach."""
        span = self.response.get(four_100) or self.response.get("pending")
        return span.after(opened_at_ms) if span else opened_at_ms + DAY_MS


def load_targets(path: Path | None = None) -> Targets:
    """Read *path*, or the defaults. Raise BadTargets with file, line and what was expected."""
    text = path.read_text() if path else (files("config") / "defaults" / "targets.yaml").read_text()
    name = str(path or "config/defaults/targets.yaml")
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        targets = Targets.model_validate(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadTargets(f"{name}, line {line}: not YAML: {error.problem}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadTargets(f"{name}, line {_line(node, first['loc'])}: {where}: {first['msg']}") from error
    if unknown := set(targets.response) - CLASSES:
        line = _line(node, ("response", min(unknown)))
        raise BadTargets(f"{name}, line {line}: response.{min(unknown)}: not one of {sorted(CLASSES)}")
    return targets


def _line(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """Return the line of the deepest part of *path* that the file has."""
    line = 1
    for name in path:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == name:
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return line
