"""Bad data files are refused at start, naming file, line and what was expected."""

import shutil
from pathlib import Path

import pytest

from ivr.data import DEFAULTS, BadData, load_rules, load_script
from ivr.prompts import PromptLibrary


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("menu.yaml", "prompts.yaml", "entrances.yaml"):
        shutil.copy(DEFAULTS / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("menu.yaml", ("{channel: general}", "{channel: vip}"), r"menu.yaml:6: keys.2.channel"),
        ("menu.yaml", ("timeout_s: 4", "timeout_s: four"), r"menu.yaml:3: timeout_s.*is 'four'"),
        ("menu.yaml", ("wait:", "wait: ["), r"menu.yaml"),
        ("prompts.yaml", ("goodbye: [goodbye]", "goodbye: [farewell]"), r"there is no recording 'farewell'"),
        ("prompts.yaml", ("goodbye: [goodbye]\n", ""), r"expected an entry 'goodbye'"),
        ("entrances.yaml", ("pages:", "places:"), r"entrances.yaml.*pages"),
    ],
)
def test_a_bad_file_names_the_line_and_the_reason(
    folder: Path, library: PromptLibrary, name: str, change: tuple[str, str], message: str
) -> None:
    text = (folder / name).read_text("utf-8")
    assert change[0] in text
    (folder / name).write_text(text.replace(*change), "utf-8")

    with pytest.raises(BadData, match=message):
        (load_rules(folder), load_script(library, folder))


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "entrances.yaml").unlink()

    with pytest.raises(BadData, match=r"entrances\.yaml"):
        load_rules(folder)
