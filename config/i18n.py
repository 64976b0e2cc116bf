"""Words on pages: every string in a catalogue, Chinese first.

A catalogue is a YAML file in a part's ``web/i18n/``; its name is the first half of its keys, and each entry
holds every language side by side, so that a missing translation is seen where it is missing::

    accept: {zh-CN: 接听, en: Answer}        in desk.yaml is the key desk.accept

Texts may hold fields, ``{n}``, filled by name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import yaml

from .errors import AnxinError

LANGUAGES = ("zh-CN", "en")  # the first is the default


class BadCatalogue(AnxinError):
    """A catalogue cannot be used; the message names file, key and what was expected."""

    code: ClassVar[str] = "bad-catalogue"


@dataclass(frozen=True, slots=True)
class Translator:
    """The texts of one language; ``t(key, **fields)`` is what templates call."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **fields: object) -> str:
        """Return the text. Raise KeyError for an unknown key: a page must not show a key to a caller."""
        text = self.texts[key]
        return text.format_map(fields) if fields else text

    def under(self, prefixes: Iterable[str]) -> dict[str, str]:
        """Return the texts of some catalogues, for the scripts of a page."""
        wanted = tuple(f"{prefix}." for prefix in prefixes)
        return {key: text for key, text in self.texts.items() if key.startswith(wanted)}


class Catalogues:
    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self._translators = {language: Translator(language, texts[language]) for language in LANGUAGES}

    @classmethod
    def load(cls, folders: Iterable[Path]) -> "Catalogues":
        """Read every ``*.yaml`` of the folders. Raise BadCatalogue for a missing text or a doubled key."""
        texts: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
        for file in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
            for key, entry in _entries(file):
                for language in LANGUAGES:
                    if key in texts[language]:
                        raise BadCatalogue(f"{file}: {key} is given twice")
                    texts[language][key] = entry[language]
        return cls(texts)

    def language(self, wanted: str) -> Translator:
        """Return the translator of *wanted*, or of the default when we do not speak it."""
        return self._translators.get(wanted) or self._translators[LANGUAGES[0]]

    def __contains__(self, key: object) -> bool:
        return key in self._translators[LANGUAGES[0]].texts


def _entries(file: Path) -> Iterable[tuple[str, dict[str, str]]]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise BadCatalogue(f"{file}: not YAML: {error}") from error
    if not isinstance(document, dict):
        raise BadCatalogue(f"{file}: expected a mapping of keys, found {type(document).__name__}")
    for name, entry in document.items():
        if not isinstance(name, str):
            raise BadCatalogue(f"{file}: {name!r} is not a word to YAML: rename it or quote it")
        if not isinstance(entry, dict) or not all(isinstance(entry.get(lang), str) for lang in LANGUAGES):
            raise BadCatalogue(f"{file}: {name}: expected a text for each of {', '.join(LANGUAGES)}")
        yield f"{file.stem}.{name}", entry
