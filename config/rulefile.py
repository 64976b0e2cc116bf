# ruff: noqa: E501 - Chinese signs count double; patterns and words read better whole
"""Rules as YAML: read once, checked against a pydantic model, mistakes told with file, line and expectation."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import AnxinError, Blame

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadRules(AnxinError):
    """A rule file can't be used: every mistake with file, line and what was expected."""

    code: ClassVar[str] = "rules.bad"
    blame: ClassVar[Blame] = Blame.US

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Rules(BaseModel):
    """A piece of a rule file: frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


R = TypeVar("R", bound=Rules)
_RULING: ContextVar[Mapping[str, Rules]] = ContextVar("rules that the office published", default={})  # noqa: B039 - never changed


@cache
def _read(name: str, model: type[Rules]) -> Rules:
    return parse_rules(
        (files("config") / "defaults" / f"{name}.yaml").read_text("utf-8"), model, f"{name}.yaml"
    )


def defaults(name: str, model: type[R]) -> R:
    """The rules that hold under *name*: published ones inside ``ruling``, else those of
    ``config/defaults/NAME.yaml``, read once a process. Raises BadRules."""
    published = _RULING.get().get(name)
    return published if isinstance(published, model) else cast("R", _read(name, model))


@contextmanager
def ruling(published: Mapping[str, Rules]) -> Iterator[None]:
    """Inside, in this thread or task, ``defaults`` gives the *published* rules where there are some."""
    token = _RULING.set(published)
    try:
        yield
    finally:
        _RULING.reset(token)


def parse_rules(text: str, model: type[R], name: str) -> R:
    """*text* as *model*. Raises BadRules naming *name*, the line and what was expected there."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
        data = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, in C where it is built
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadRules([f"{name}:{line}: not YAML: {error.problem}"]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise BadRules([f"{name}:1: not YAML: {' '.join(str(error).split())[:200]}"]) from error
    if not isinstance(data, dict):
        raise BadRules([f"{name}:1: expected a mapping of rules, found {type(data).__name__}"])
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise BadRules([_explain(name, text, node, mistake) for mistake in error.errors()]) from error


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _explain(name: str, text: str, node: yaml.Node | None, mistake: Any) -> str:
    path = ".".join(str(step) for step in mistake["loc"])
    found = mistake.get("input")
    shown = "" if isinstance(found, dict | list) or found is None else f", found {found!r}"
    line = line_of(node, mistake["loc"])
    if not mistake["loc"] and (
        day := _DAY.search(mistake["msg"])
    ):  # a rule between fields names the day it means
        line = next((n for n, row in enumerate(text.splitlines(), 1) if day[0] in row), line)
    return f"{name}:{line}: {path}: {mistake['msg']}{shown}"


def line_of(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """The line, from 1, where the value at *path* stands, or its nearest parent that exists."""
    line = 1
    for step in path:
        if node is None:
            break
        line = node.start_mark.line + 1
        following: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    line, following = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            following = node.value[step]
            line = following.start_mark.line + 1
        if following is None:
            break
        node = following
    return line
