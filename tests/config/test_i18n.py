"""Every word on a page is in the catalogues, in every language."""

import re
from pathlib import Path

import pytest

from config.i18n import LANGUAGES, BadCatalogue, Catalogues
from config.pages import PARTS

ROOT = Path(__file__).parents[2]
KEY = re.compile(r"""["'`]((?:common|signin|desk|draft|board|caller)\.[a-z0-9_]+)(["'`]|\$\{)""")
FIELD = re.compile(r"\{(\w+)\}")


def catalogues() -> Catalogues:
    return Catalogues.load(ROOT / part / "web" / "i18n" for part in PARTS)


def used() -> tuple[set[str], set[str]]:
    """Return the keys that pages name, and the beginnings they complete with a word of the server."""
    keys, beginnings = set(), set()
    for part in PARTS:
        for file in (ROOT / part / "web").rglob("*"):
            if file.suffix in {".html", ".js"}:
                for key, end in KEY.findall(file.read_text(encoding="utf-8")):
                    (beginnings if key.endswith("_") or end == "${" else keys).add(key)
    files = {".js", ".html", ".css", ".svg", ".wav"}
    return {key for key in keys if not key.endswith(tuple(files))}, beginnings


def test_every_key_that_a_page_uses_exists() -> None:
    known = catalogues()
    keys, beginnings = used()
    assert len(keys) > 100
    assert sorted(key for key in keys if key not in known) == []
    texts = known.language("zh-CN").texts
    assert sorted(start for start in beginnings if not any(key.startswith(start) for key in texts)) == []


def test_no_text_of_the_desk_is_left_over() -> None:
    """A text that no page shows misleads whoever translates."""
    keys, beginnings = used()
    texts = catalogues().language("zh-CN").texts
    ours = [key for key in texts if key.startswith(("desk.", "signin."))]
    assert sorted(key for key in ours if key not in keys and not key.startswith(tuple(beginnings))) == []


def test_translations_fill_the_same_fields() -> None:
    first, *others = (catalogues().language(language).texts for language in LANGUAGES)
    for other in others:
        for key, text in first.items():
            assert set(FIELD.findall(text)) == set(FIELD.findall(other[key])), key


def test_fields_are_filled_by_name() -> None:
    t = catalogues().language("zh-CN")
    assert t("signin.wait", n=3) == "尝试次数过多。请等 3 分钟再试。"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: {zh-CN: 好}", "a: expected a text for each of zh-CN, en"),
        ("no: {zh-CN: 不, en: no}", "False is not a word"),
        ("- a", "expected a mapping"),
        ("a: {", "not YAML"),
    ],
)
def test_a_bad_catalogue_is_refused_naming_file_and_key(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadCatalogue, match=expected) as refused:
        Catalogues.load([tmp_path])
    assert "bad.yaml" in str(refused.value)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.yaml").write_text("a: {zh-CN: 好, en: ok}", encoding="utf-8")
    with pytest.raises(BadCatalogue, match=r"x\.a is given twice"):
        Catalogues.load([tmp_path / "one", tmp_path / "two"])
