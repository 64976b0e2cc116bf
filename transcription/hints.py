"""The hints that recognisers are given, from config/defaults/hints.yaml."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import BadData
from .recognizers import Hints

DEFAULTS = Path(__file__).parent.parent / "config" / "defaults" / "hints.yaml"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(max_length=200)  # Whisper reads at most 223 tokens before the speech


def load_hints(path: Path = DEFAULTS) -> Hints:
    """Read the hints. Raise BadData naming the file and what was expected."""
    try:
        return Hints(prompt=_File.model_validate(yaml.safe_load(path.read_text("utf-8"))).prompt)
    except (yaml.YAMLError, ValidationError) as error:
        raise BadData(f"{path}: {error}") from error
