"""A carrier's configuration file."""

import json
from pathlib import Path

import pytest

from carrier.config import BadConfig, load_config

from .harness import ACCOUNT, TOKEN


def write(path: Path, **fields: object) -> Path:
    path.write_text(json.dumps({"account_sid": ACCOUNT, "auth_token": TOKEN, "state_dir": "s"} | fields))
    return path


def test_the_smallest_file_is_enough(tmp_path: Path) -> None:
    config = load_config(write(tmp_path / "c.json"))
    assert (config.port, config.sip.port, config.recordings) == (0, 0, Path("s/recordings"))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"account_sid": "AC1"}, "account_sid"),
        ({"port": 70000}, "port"),
        (
            {"numbers": {"12348": {"voice_url": "/voice"}}},
            "numbers.12348.voice_url: Value error, must be an abs",
        ),
        ({"colour": "red"}, "colour"),
        ({"sip": {"prot": 5060}}, "sip.prot"),
        ({"media": {"codecs": ["g729"]}}, "media.codecs.0"),
    ],
)
def test_a_wrong_field_is_named_with_the_file(tmp_path: Path, fields: dict[str, object], named: str) -> None:
    with pytest.raises(BadConfig) as caught:
        load_config(write(tmp_path / "c.json", **fields))
    assert str(tmp_path / "c.json") in str(caught.value)
    assert named in str(caught.value)


def test_a_missing_file_and_broken_json_say_so(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot be read"):
        load_config(tmp_path / "none.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(BadConfig, match="JSON"):
        load_config(tmp_path / "broken.json")
