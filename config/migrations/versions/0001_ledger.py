"""The ledger, which only ever grows, and its projections.

The triggers are part of the promise: on both databases they refuse UPDATE and DELETE (and TRUNCATE on
PostgreSQL), and an INSERT that does not continue the chain. On SQLite the last one also stops INSERT OR
REPLACE, which removes a row without firing its DELETE trigger.

Revision ID: 0001_ledger
Revises:
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001_ledger"
down_revision = None
branch_labels = None
depends_on = None

GENESIS = "0" * 64

SQLITE = (
    """
    CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: UPDATE refused'); END
    """,
    """
    CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: DELETE refused'); END
    """,
    """
    CREATE TRIGGER ledger_chain BEFORE INSERT ON ledger
    WHEN EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq OR stream_id = NEW.stream_id)
      OR COALESCE((SELECT hash FROM ledger WHERE seq = NEW.seq - 1), 'GENESIS') <> NEW.prev_hash
      OR (NEW.seq <> 1 AND NOT EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq - 1))
    BEGIN SELECT RAISE(ABORT, 'the ledger is a chain: INSERT refused'); END
    """,
)

POSTGRESQL = (
    """
    CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP; END $$
    """,
    """
    CREATE FUNCTION ledger_chain() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE last_seq bigint := 0; last_hash text := 'GENESIS';
    BEGIN
      SELECT seq, hash INTO last_seq, last_hash FROM ledger ORDER BY seq DESC LIMIT 1;
      IF NEW.seq <> COALESCE(last_seq, 0) + 1 OR NEW.prev_hash <> COALESCE(last_hash, 'GENESIS') THEN
        RAISE EXCEPTION 'the ledger is a chain: INSERT refused';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse()
    """,
    """
    CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
    """,
    """
    CREATE TRIGGER ledger_chain BEFORE INSERT ON ledger
    FOR EACH ROW EXECUTE FUNCTION ledger_chain()
    """,
)


def _text(name: str, length: int, **kwargs: Any) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, **kwargs)


def _ms(name: str, **kwargs: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, **kwargs)


def upgrade() -> None:
    op.create_table(
        "ledger",
        _ms("seq", primary_key=True, autoincrement=False),
        _ms("at_ms", index=True),
        _text("stream_id", 64, unique=True),
        _text("kind", 64),
        _text("contact", 64),
        _text("demand", 64, index=True),
        _text("lawyer", 64),
        sa.Column("body", sa.Text, nullable=False),
        _text("prev_hash", 64),
        _text("hash", 64),
    )
    writer = op.create_table(
        "ledger_writer", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), _ms("turns")
    )
    op.bulk_insert(writer, [{"id": 1, "turns": 0}])
    op.create_table(
        "demand",
        _text("id", 64, primary_key=True),
        _text("contact", 64, index=True),
        _ms("opened_at_ms", index=True),
        _text("state", 16, index=True),
        _text("stage", 16),
        _text("four_100", 40),
        _text("classed_by", 16),
        _text("reason", 64),
        _text("entrance", 16),
        _text("channel", 16),
        _text("prefecture", 32),
        _text("category", 16),
        _text("topic", 64),
        _text("number_masked", 40),
        _text("number_key", 32, index=True),
        sa.Column("ordinal", sa.Integer, nullable=False),
        _text("lawyer", 64),
        _ms("first_waited_ms"),
        _ms("accepted_at_ms"),
        _ms("talk_ms"),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("recordings", sa.Text, nullable=False),
        _text("lacks", 64),
        _text("callback", 64),
        _ms("due_ms"),
        _ms("target_ms", index=True),
        _ms("closed_at_ms"),
        sa.Column("proof", sa.Text, nullable=False),
    )
    op.create_table(
        "demand_link",
        _text("contact", 64, primary_key=True),
        _text("demand", 64, primary_key=True, index=True),
        _text("because", 32),
    )
    op.create_table(
        "callback",
        _text("id", 64, primary_key=True),
        _text("demand", 64, index=True),
        _text("contact", 64),
        _text("reason", 32),
        _text("number_masked", 40),
        _ms("opened_at_ms"),
        _ms("due_ms"),
        _ms("closed_at_ms", index=True),
        sa.Column("closing", sa.Text, nullable=False),
    )
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement.replace("GENESIS", GENESIS))


def downgrade() -> None:
    raise NotImplementedError("the ledger is append-only: there is no way back that keeps it")
