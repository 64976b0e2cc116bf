"""Reads config/defaults/routing.yaml and skills.yaml into ``policy.Rules``; refuses what cannot be meant."""

from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import BadRules
from .policy import Rules, Step, Times

M = TypeVar("M", bound=BaseModel)
DEFAULTS = Path(str(files("config"))) / "defaults"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Times(_Strict):
    ring: float = Field(gt=0)
    menu_lease: float = Field(gt=0)
    wait_lease: float = Field(gt=0)
    talk_lease: float = Field(gt=0)
    room_retry: float = Field(gt=0)
    wrapup: float = Field(gt=0)
    fresh: float = Field(gt=0)
    pass_over: float = Field(gt=0)
    carrier_retry: float = Field(gt=0)
    forget: float = Field(gt=0)
    callback_due: float = Field(gt=0)
    callback_first: float = Field(gt=0)
    callback_latest: float = Field(ge=0)
    callback_hours: tuple[int, int]
    callback_retry: list[float] = Field(min_length=1)
    proof: float = Field(ge=0)
    rejoin: float = Field(gt=0)


class _Step(_Strict):
    name: str
    after: float = Field(ge=0)
    load: float = Field(gt=0)
    prefecture: Literal["own", "near", "any"]
    skill: Literal["same", "related", "any", "anyone"]
    language: Literal["same", "any"]


class _Estimate(_Strict):
    at_least: int = Field(gt=0)


class _Routing(_Strict):
    times: _Times
    priorities: dict[str, float]
    ladder: list[_Step] = Field(min_length=1)
    estimate: _Estimate


class _Channel(_Strict):
    name: str
    related: list[str] = []


class _Skills(_Strict):
    channels: dict[str, _Channel]
    languages: dict[str, list[str]]
    neighbours: dict[str, list[str]]


def load_rules(folder: Path = DEFAULTS) -> Rules:
    """Return the rules of *folder*. Raise BadRules, which names the file, the place and what was expected."""
    routing = _read(folder / "routing.yaml", _Routing)
    skills = _read(folder / "skills.yaml", _Skills)
    afters = [step.after for step in routing.ladder]
    if afters != sorted(afters) or afters[0] != 0:
        raise BadRules(f"{folder / 'routing.yaml'}: ladder: expected `after` to begin at 0 and never to fall")
    opens, closes = routing.times.callback_hours
    if not 0 <= opens < closes <= 24:
        raise BadRules(
            f"{folder / 'routing.yaml'}: times.callback_hours: expected two hours, the first lower"
        )
    times = routing.times.model_dump(exclude={"callback_hours", "callback_retry"})
    return Rules(
        times=Times(
            callback_hours=routing.times.callback_hours,
            callback_retry=tuple(round(seconds * 1000) for seconds in routing.times.callback_retry),
            **{name: round(seconds * 1000) for name, seconds in times.items()},
        ),
        head_starts_ms={name: round(seconds * 1000) for name, seconds in routing.priorities.items()},
        ladder=tuple(
            Step(s.name, round(s.after * 1000), s.load, s.prefecture, s.skill, s.language)
            for s in routing.ladder
        ),
        related={name: frozenset(channel.related) for name, channel in skills.channels.items()},
        speakers={name: frozenset(speakers) for name, speakers in skills.languages.items()},
        neighbours={name: frozenset(near) for name, near in skills.neighbours.items()},
        estimate_at_least=routing.estimate.at_least,
    )


def _read(path: Path, model: type[M]) -> M:
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return model.model_validate(data)
    except OSError as error:
        raise BadRules(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise BadRules(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BadRules(f"{path}: {place}: {first['msg']}") from error
