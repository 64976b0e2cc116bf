"""The ledger only grows, and any change to it is found. On SQLite and on PostgreSQL."""

import io
import json
import random
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from routing.events import Fact
from sla import command, ledger
from sla.ledger import Head

from .lives import T0, answered, contact, traffic

LAST = "FROM ledger WHERE seq = 8"
TEXT_COLUMNS = ("stream_id", "kind", "contact", "demand", "lawyer", "body", "prev_hash", "hash")


def write(engine: Engine, facts: Sequence[Fact]) -> None:
    with engine.begin() as connection:
        head = ledger.read_head(connection)
        drafts = [(f"{T0 + head.seq + n}-0", "", fact) for n, fact in enumerate(facts)]
        ledger.append(connection, ledger.chain(head, drafts))


def let_an_intruder_in(connection: Connection) -> None:
    """Remove the triggers, as somebody with the database's password could."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE ledger DISABLE TRIGGER ALL"))
    else:
        for name in ("ledger_no_update", "ledger_no_delete", "ledger_chain"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))


def test_an_empty_ledger_verifies(engine: Engine):
    assert ledger.verify(engine).ok
    assert ledger.verify(engine).anchor == Head().anchor


def test_a_written_ledger_verifies_and_reads_back_as_written(engine: Engine):
    facts = answered(1)
    write(engine, facts)
    seen: list[int] = []
    found = ledger.verify(engine, progress=seen.append)
    assert (found.ok, found.rows, seen) == (True, len(facts), [len(facts)])
    assert [entry.fact() for entry in ledger.read(engine, chunk=3)] == facts
    assert [entry.seq for entry in ledger.tail(engine, 2)] == [len(facts) - 1, len(facts)]
    assert [entry.seq for entry in ledger.of_contact(engine, contact(1), "")] == list(
        range(1, len(facts) + 1)
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET body = '{}' WHERE seq = 2",
        "UPDATE ledger SET seq = seq + 100",
        "DELETE FROM ledger WHERE seq = 3",
        "DELETE FROM ledger",
        "INSERT INTO ledger SELECT 99, 1, 'x', 'k', '', '', '', '', prev_hash, 'h' FROM ledger WHERE seq = 1",
        "INSERT INTO ledger SELECT 9, 1, stream_id, 'k', '', '', '', '', hash, 'h' FROM ledger WHERE seq = 8",
    ],
)
def test_the_database_refuses_to_change_what_was_written(engine: Engine, statement: str):
    write(engine, answered(1))
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(statement))
    assert ledger.verify(engine).rows == len(answered(1))


def test_replacing_a_row_through_the_back_door_of_the_dialect_is_refused(engine: Engine):
    """SQLite's REPLACE fires no DELETE trigger; PostgreSQL has TRUNCATE and upsert."""
    write(engine, answered(1))
    if engine.dialect.name == "sqlite":
        statements = [
            "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE seq = 2",
            f"INSERT OR REPLACE INTO ledger SELECT 9, 1, '{T0 + 1}-0', 'k', '', '', '', '', hash, 'h' {LAST}",
        ]
    else:
        statements = [
            "TRUNCATE ledger",
            "INSERT INTO ledger SELECT * FROM ledger WHERE seq = 2 ON CONFLICT (seq) DO UPDATE SET body = ''",
        ]
    for statement in statements:
        with pytest.raises(DBAPIError), engine.begin() as connection:
            connection.execute(text(statement))
    assert ledger.verify(engine).rows == len(answered(1))


def test_changing_any_byte_of_any_column_of_any_row_is_found(engine: Engine):
    """Each trial changes one character somewhere, looks, and rolls the change back."""
    write(engine, list(traffic(6)))
    rows = list(ledger.read(engine))
    chance = random.Random(12348)
    for _ in range(150):
        row = chance.choice(rows)
        column = chance.choice(TEXT_COLUMNS)
        value: str = getattr(row, column)
        at = chance.randrange(len(value) + 1)
        changed = value[:at] + chance.choice("x长 ") + value[at + 1 :]
        if changed == value or (len(changed) > 64 and column != "body"):
            continue
        assert_found(engine, f"UPDATE ledger SET {column} = :to WHERE seq = :seq", row.seq, to=changed)
    for row in rows[::7]:
        assert_found(engine, "UPDATE ledger SET at_ms = at_ms + 1 WHERE seq = :seq", row.seq)
        assert_found(engine, "DELETE FROM ledger WHERE seq = :seq", row.seq, last=len(rows))


def assert_found(engine: Engine, statement: str, seq: int, *, last: int = 0, **values: object) -> None:
    with engine.connect() as connection:
        transaction = connection.begin()
        let_an_intruder_in(connection)
        connection.execute(text(statement), {"seq": seq, **values})
        found = ledger.verify_rows(ledger.rows(connection))
        transaction.rollback()
    if seq == last and statement.startswith("DELETE"):
        assert found.rows == last - 1  # only an anchor can tell
    else:
        assert not found.ok
        assert found.first_bad in (seq, seq + 1)


def test_bytes_that_are_no_text_are_found_and_not_a_crash(engine: Engine):
    write(engine, answered(1))
    if engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError), engine.begin() as connection:  # which takes no such bytes at all
            connection.execute(text("INSERT INTO ledger (body) VALUES (convert_from('\\xff', 'UTF8'))"))
        return
    with engine.begin() as connection:
        let_an_intruder_in(connection)
        connection.execute(text("UPDATE ledger SET body = CAST(X'FF' AS TEXT) WHERE seq = 4"))
    found = ledger.verify(engine)
    assert (found.ok, found.first_bad) == (False, 4)


def test_swapping_two_rows_is_found(engine: Engine):
    write(engine, answered(1))
    with engine.begin() as connection:
        let_an_intruder_in(connection)
        for old, new in ((2, 99), (3, 2), (99, 3)):
            connection.execute(
                text("UPDATE ledger SET seq = :new WHERE seq = :old"), {"new": new, "old": old}
            )
    assert ledger.verify(engine).first_bad == 2


def test_a_cut_off_tail_is_found_with_an_anchor_kept_elsewhere(engine: Engine):
    write(engine, answered(1))
    anchor = ledger.verify(engine).anchor
    write(engine, answered(2))
    assert ledger.verify(engine, anchor=anchor).ok
    kept = ledger.verify(engine).anchor
    with engine.begin() as connection:
        let_an_intruder_in(connection)
        connection.execute(text("DELETE FROM ledger WHERE seq > 12"))
    assert ledger.verify(engine).ok, "the rest is a sound chain"
    found = ledger.verify(engine, anchor=kept)
    assert (found.ok, found.first_bad) == (False, 13)


def test_a_history_written_anew_is_found_with_an_anchor(engine: Engine):
    write(engine, answered(1))
    kept = ledger.verify(engine).anchor
    with engine.begin() as connection:
        let_an_intruder_in(connection)
        connection.execute(text("DELETE FROM ledger"))
    write(engine, answered(2))
    assert ledger.verify(engine).ok
    assert "rewritten" in ledger.verify(engine, anchor=kept).reason


@pytest.mark.parametrize("anchor", ["", "7", "x:y", "1:" + "g" * 64, "1:" + "a" * 63])
def test_an_anchor_that_is_none_is_refused(anchor: str):
    with pytest.raises(ledger.BadAnchor):
        ledger.parse_anchor(anchor)


def test_an_exported_ledger_shows_nobodys_number_and_says_so(engine: Engine):
    body = {"from": "+8613900000101", "demand": "d_" + "1" * 32, "waited_ms": 1764000000000}
    write(engine, [*answered(1), Fact("contact.arrived", T0, contact(2), "", body)])
    plain = [entry._asdict() for entry in ledger.read(engine)]
    for full in (False, True):
        out = io.StringIO()
        command.export(engine, out, full=full)
        rows = [json.loads(line) for line in out.getvalue().splitlines()]
        assert [row["hash"] for row in rows] == [row["hash"] for row in plain]
        assert ("13900000101" in out.getvalue()) == full
        if full:
            assert rows == plain
        else:
            told = json.loads(rows[-1]["body"])
            assert told == {**body, "from": told["from"]}
            assert told["from"].endswith("0101")
            assert rows[-1]["redacted"] is True
