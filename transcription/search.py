"""Search over what was said and what was signed, in Chinese, on SQLite (FTS5) and PostgreSQL (tsvector).

Chinese has no blanks between words, so that a text is indexed by every pair of neighbouring signs, and a
question is a phrase of such pairs: exactly the texts that contain it are found, without a dictionary. A pair
is written in figures (``x52b3_52a8``'s hexadecimal without the line), which both databases take as one word.
Identity numbers, cards and telephone numbers are stars before they are indexed. Blocking SQL.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Connection, Engine, insert, text, update
from sqlmodel import Field, SQLModel, col

from config.redaction import redact

LIMIT = 50
SHOWN = ("contact", "recording", "speaker", "start_s", "text", "at_ms", "prefecture", "lawyer")
LONGEST = 60  # signs of a question
AROUND = 40  # signs shown before and after what was found


class SearchRow(SQLModel, table=True):
    """One turn, or one signed summary (*recording* and *speaker* '')."""

    __tablename__: ClassVar[str] = "search_row"

    id: int | None = Field(default=None, primary_key=True)
    contact: str
    recording: str = ""
    speaker: str = ""
    start_s: float | None = None
    text: str
    prefecture: str = ""
    lawyer: str = ""
    at_ms: int = Field(sa_type=BigInteger)


@dataclass(frozen=True, slots=True)
class Whose:
    """What a reader may find: a lawyer's own contacts, a prefecture's, or ('' and '') everything."""

    lawyer: str = ""
    prefecture: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose talk it was, and when."""

    prefecture: str
    lawyer: str
    at_ms: int


class SearchIndex:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._postgres = engine.dialect.name == "postgresql"

    def put(self, contact: str, recording: str, turns: Sequence[Mapping[str, Any]], place: Place) -> None:
        """Index the turns of a recording (or, with *recording* '', a summary), in place of earlier ones."""
        with self._engine.begin() as connection:
            self._forget(connection, contact, recording)
            for turn in turns:
                shown = redact(str(turn["text"]))
                row = {
                    "contact": contact,
                    "recording": recording,
                    "speaker": str(turn.get("speaker", "")),
                    "start_s": turn.get("start_s"),
                    "text": shown,
                    "prefecture": place.prefecture,
                    "lawyer": place.lawyer,
                    "at_ms": place.at_ms,
                }
                (number,) = connection.execute(insert(SearchRow).values(row)).inserted_primary_key or (0,)
                self._tokens(connection, number, words_of(shown))

    def forget(self, contact: str, recording: str = "") -> None:
        """Take a recording's turns (or the summary) out of the index."""
        with self._engine.begin() as connection:
            self._forget(connection, contact, recording)

    def move(self, contact: str, place: Place) -> None:
        """A contact belongs elsewhere now: a signature said so."""
        moved = {"prefecture": place.prefecture, "lawyer": place.lawyer}
        with self._engine.begin() as connection:
            connection.execute(update(SearchRow).where(col(SearchRow.contact) == contact).values(moved))

    def find(
        self, question: str, whose: Whose, *, before_ms: int = 0, limit: int = LIMIT
    ) -> list[dict[str, Any]]:
        """Return what holds the words of *question*, the newest talk first; several words must all be there.

        Rows: contact, recording, speaker, start_s, text (around the place), at_ms, prefecture, lawyer.
        """
        asked = [part for part in question[:LONGEST].split() if signs_of(part)]
        if not asked:
            return []
        where, values = self._where(whose, before_ms)
        values |= {"asked": self._asked(asked), "limit": limit}
        if self._postgres:
            source = "search_row r WHERE r.tokens @@ to_tsquery('simple', :asked)"
        else:
            source = "search_text f JOIN search_row r ON r.id = f.rowid WHERE search_text MATCH :asked"
        columns = ", ".join(f"r.{name}" for name in SHOWN)
        asking = f"SELECT {columns} FROM {source}{where} ORDER BY r.at_ms DESC, r.id LIMIT :limit"  # noqa: S608 - bound
        with self._engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(text(asking), values).mappings()]
        return [row | {"text": _around(row["text"], asked[0])} for row in rows]

    def _where(self, whose: Whose, before_ms: int) -> tuple[str, dict[str, Any]]:
        where, values = "", dict[str, Any]()
        for name in ("lawyer", "prefecture"):
            if wanted := getattr(whose, name):
                where += f" AND r.{name} = :{name}"
                values[name] = wanted
        if before_ms:
            where += " AND r.at_ms < :before_ms"
            values["before_ms"] = before_ms
        return where, values

    def _asked(self, parts: Sequence[str]) -> str:
        phrases = [phrase_of(part) for part in parts]
        if self._postgres:
            return " & ".join("(" + " <-> ".join(words).replace("*", ":*") + ")" for words in phrases)
        return " AND ".join(
            f'"{words[0][:-1]}"*' if words[0].endswith("*") else f'"{" ".join(words)}"' for words in phrases
        )

    def _tokens(self, connection: Connection, number: int, words: str) -> None:
        if self._postgres:
            statement = "UPDATE search_row SET tokens = to_tsvector('simple', :words) WHERE id = :number"
        else:
            statement = "INSERT INTO search_text (rowid, tokens) VALUES (:number, :words)"
        connection.execute(text(statement), {"words": words, "number": number})

    def _forget(self, connection: Connection, contact: str, recording: str) -> None:
        of = {"contact": contact, "recording": recording}
        own = "SELECT id FROM search_row WHERE contact = :contact AND recording = :recording"
        if not self._postgres:
            connection.execute(text(f"DELETE FROM search_text WHERE rowid IN ({own})"), of)  # noqa: S608
        connection.execute(text(f"DELETE FROM search_row WHERE id IN ({own})"), of)  # noqa: S608


def signs_of(said: str) -> str:
    """Return the signs that count: letters and figures of any script, one form each, no punctuation."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", said).casefold() if sign.isalnum())


def words_of(said: str) -> str:
    """Return the pairs of a text as words, and its last sign alone."""
    signs = signs_of(said)
    return " ".join([*(_word(a + b) for a, b in pairwise(signs)), *map(_word, signs[-1:])])


def phrase_of(asked: str) -> list[str]:
    """Return the words that must follow each other; one sign is the beginning of a word (``*``)."""
    signs = signs_of(asked)
    if len(signs) == 1:
        return [_word(signs) + "*"]
    return [_word(a + b) for a, b in pairwise(signs)]


def _word(signs: str) -> str:
    return "x" + "".join(f"{ord(sign):05x}" for sign in signs)


def _around(said: str, asked: str) -> str:
    at = max(0, said.casefold().find(asked.casefold()))
    first, last = max(0, at - AROUND), at + len(asked) + AROUND
    return ("…" if first else "") + said[first:last] + ("…" if last < len(said) else "")
