"""The front end's data files: menu.yaml, prompts.yaml, entrances.yaml, checked when they are loaded.

A bad file is refused at start, naming file, line and what was expected.
"""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.errors import AnxinError

from .detection import Key, Rules
from .flow import COUNTS, Script
from .prompts import PromptLibrary

DEFAULTS = Path(__file__).parent.parent / "config" / "defaults"
MOMENTS = (
    "menu", "thanks", "thanks_language", "found", "next", "ahead", "wait_short", "wait_minutes",
    "wait_unknown", "offer_callback", "callback_ask", "callback_wrong", "callback_check", "callback_done",
    "callback_kept", "nobody", "nobody_until", "message", "message_kept", "reconnect", "own_phone",
    "own_phone_late", "hold", "goodbye", "rate", "rated", "outage", "outage_callback", "music", "ringing",
)  # fmt: skip


class BadData(AnxinError):
    """A data file cannot be used; the message names file, line and what was expected."""

    code: ClassVar[str] = "bad-data"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Channel = Literal["dedicated", "general"]


class _Key(_Model):
    channel: Channel | Literal[""] = ""
    language: str = ""


class _Wait(_Model):
    callback_key: str = Field(pattern=r"^[0-9*#]$")
    message_key: str = Field(pattern=r"^[0-9*#]$")
    message_s: int = Field(ge=10, le=600)
    repeat_every: int = Field(ge=1, le=20)
    nobody_rounds: int = Field(ge=2, le=100)
    heal_after_ms: int = Field(ge=500, le=10_000)


class _Menu(_Model):
    timeout_s: int = Field(ge=1, le=15)
    keys: dict[Annotated[str, Field(pattern=r"^[0-9*#]$")], _Key] = Field(min_length=1)
    wait: _Wait
    outage_rounds: int = Field(ge=1, le=60)
    number_attempts: int = Field(ge=1, le=5)


class _Entrance(_Model):
    channel: Channel | Literal[""] = ""


class _Entrances(_Model):
    numbers: dict[str, _Entrance]
    pages: dict[str, _Entrance]
    words: dict[Literal["safety", "limitation", "dedicated"], list[str]]
    area_codes: dict[str, str]


class _Prompts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    moments: dict[str, list[str]]


M = TypeVar("M", bound=BaseModel)


def parse_menu(text: str) -> dict[str, Key]:
    """Read a menu's text; return what its keys mean. Raise BadData."""
    return _keys(_read(text, "menu.yaml", _Menu))


def load_rules(folder: Path = DEFAULTS, menu_text: str = "") -> Rules:
    """Read the menu's keys (of *menu_text*, if there is one) and the entrances. Raise BadData."""
    entrances = _load(folder / "entrances.yaml", _Entrances)
    return Rules(
        keys=_keys(_menu(folder, menu_text)),
        numbers={number: entry.channel for number, entry in entrances.numbers.items()},
        pages={page: entry.channel for page, entry in entrances.pages.items()},
        words={kind: tuple(words) for kind, words in entrances.words.items()},
        area_codes=entrances.area_codes,
    )


def load_script(library: PromptLibrary, folder: Path = DEFAULTS, menu_text: str = "") -> Script:
    """Read what is played when; *menu_text* holds in place of the folder's menu. Raise BadData, also for a
    recording that is not there."""
    menu, file = _menu(folder, menu_text), folder / "prompts.yaml"
    prompts = _load(file, _Prompts, under="moments")
    for moment in MOMENTS:
        if moment not in prompts.moments:
            raise BadData(f"{file}: expected an entry {moment!r}")
    text = file.read_text(encoding="utf-8")
    for moment, utterances in prompts.moments.items():
        for word in " ".join(utterances).split():
            if word not in {*COUNTS, "{digits}", "{when}"} and word not in library:
                raise BadData(f"{file}:{_line(text, (moment,))}: {moment}: there is no recording {word!r}")
    return Script(
        moments={moment: tuple(utterances) for moment, utterances in prompts.moments.items()},
        timeout_s=menu.timeout_s,
        callback_key=menu.wait.callback_key,
        message_key=menu.wait.message_key,
        message_s=menu.wait.message_s,
        repeat_every=menu.wait.repeat_every,
        nobody_rounds=menu.wait.nobody_rounds,
        heal_after_ms=menu.wait.heal_after_ms,
        outage_rounds=menu.outage_rounds,
        number_attempts=menu.number_attempts,
    )


def _keys(menu: _Menu) -> dict[str, Key]:
    return {digit: Key(key.channel, key.language) for digit, key in menu.keys.items()}


def _menu(folder: Path, text: str) -> _Menu:
    return _read(text, "menu.yaml", _Menu) if text else _load(folder / "menu.yaml", _Menu)


def _load(file: Path, model: type[M], under: str = "") -> M:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadData(f"{file}: {error}") from error
    return _read(text, str(file), model, under)


def _read(text: str, name: str, model: type[M], under: str = "") -> M:
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise BadData(f"{name}: {error}") from error
    try:
        return model.model_validate({under: document} if under else document)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            at = problem["loc"][1:] if under else problem["loc"]
            where = ".".join(map(str, at))
            lines.append(f"{name}:{_line(text, at)}: {where}: {problem['msg']} (is {problem['input']!r})")
        raise BadData("\n".join(lines)) from error


def _line(text: str, path: tuple[int | str, ...]) -> int:
    """Return the line of the nearest node on *path* that exists."""
    node: yaml.Node | None = yaml.compose(text)
    line = 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            pair = (node.value[step], node.value[step])
        else:
            pair = None
        if pair is None:
            return line
        line, node = pair[0].start_mark.line + 1, pair[1]
    return line
