"""The tile map of the prefectures: ``config/defaults/map.yaml``, checked when it is read."""

from importlib.resources import files
from typing import ClassVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from config.errors import AnxinError

SOURCE = "config/defaults/map.yaml"


class BadMap(AnxinError):
    """The map cannot be used; the message names file, prefecture and what was expected."""

    code: ClassVar[str] = "bad-map"


class Tile(BaseModel):
    """Where a prefecture stands (row and column, from 1) and what its tile is called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    short: str
    en: str
    at: tuple[int, int]


def load_tiles(text: str | None = None) -> dict[str, Tile]:
    """Return the tiles by official name; *text* takes the place of the file. Raise BadMap."""
    text = text or (files("config") / "defaults" / "map.yaml").read_text(encoding="utf-8")
    try:
        rows = yaml.safe_load(text) or {}
        tiles = {str(name): Tile.model_validate(row) for name, row in rows.items()}
    except (yaml.YAMLError, ValidationError, AttributeError) as error:
        raise BadMap(f"{SOURCE}: expected name: {{short, en, at: [row, column]}}: {error}") from error
    places = [tile.at for tile in tiles.values()]
    if twice := [name for name, tile in tiles.items() if places.count(tile.at) > 1]:
        raise BadMap(f"{SOURCE}: {' and '.join(twice)} stand on the same place")
    return tiles
