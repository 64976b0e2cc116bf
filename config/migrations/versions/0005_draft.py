"""Summaries as lawyers edit and sign them; holds and deletions; search; quality checks.

What was signed only grows: the database refuses to change a signature, and to delete one unless a deletion
by the retention rules is on record for it.

Revision ID: 0005_draft
Revises: 0004_office
"""

import sqlalchemy as sa
from alembic import op

revision = "0005_draft"
down_revision = "0004_office"
branch_labels = None
depends_on = None

_SQLITE = (
    """
CREATE TRIGGER signature_no_update BEFORE UPDATE ON signature
BEGIN SELECT RAISE(ABORT, 'what was signed is never changed: amend it'); END
""",
    """
CREATE TRIGGER signature_no_delete BEFORE DELETE ON signature
WHEN NOT EXISTS (SELECT 1 FROM deletion WHERE what = 'summary' AND subject = OLD.contact)
BEGIN SELECT RAISE(ABORT, 'what was signed is deleted by the retention rules alone'); END
""",
    "CREATE VIRTUAL TABLE search_text USING fts5(tokens)",
)
_POSTGRES = (
    """
CREATE FUNCTION signature_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND EXISTS (
    SELECT 1 FROM deletion WHERE what = 'summary' AND subject = OLD.contact
  ) THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'what was signed is never changed, and deleted by the retention rules alone';
END $$
""",
    """
CREATE TRIGGER signature_guard BEFORE UPDATE OR DELETE ON signature
FOR EACH ROW EXECUTE FUNCTION signature_only_grows()
""",
    "ALTER TABLE search_row ADD COLUMN tokens tsvector NOT NULL DEFAULT ''",
    "CREATE INDEX ix_search_row_tokens ON search_row USING gin (tokens)",
)


def upgrade() -> None:
    _signing()
    _keeping()
    op.create_table(
        "search_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("contact", sa.String(64), nullable=False, index=True),
        sa.Column("recording", sa.String(64), nullable=False),
        sa.Column("speaker", sa.String(16), nullable=False),
        sa.Column("start_s", sa.Float, nullable=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("prefecture", sa.String(32), nullable=False),
        sa.Column("lawyer", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "quality",
        sa.Column("contact", sa.String(64), primary_key=True),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("worst", sa.String(16), nullable=False, index=True),
        sa.Column("prefecture", sa.String(32), nullable=False),
        sa.Column("lawyer", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("checked_ms", sa.BigInteger, nullable=False),
        sa.Column("reviewed_by", sa.String(32), nullable=False),
        sa.Column("reviewed_name", sa.String(64), nullable=False),
        sa.Column("reviewed_ms", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.String(400), nullable=False),
    )
    for statement in _POSTGRES if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


def _signing() -> None:
    op.create_table(
        "draft_edit",
        sa.Column("contact", sa.String(64), primary_key=True),
        sa.Column("field", sa.String(48), primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("rev", sa.Integer, nullable=False),
        sa.Column("by", sa.String(32), nullable=False),
        sa.Column("writer", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "signature",
        sa.Column("contact", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("by", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("machine_ms", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_table(
        "signature_told",
        sa.Column("contact", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )


def _keeping() -> None:
    op.create_table(
        "deletion",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("contact", sa.String(64), nullable=False, index=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("done_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("what", "subject"),
    )
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("contact", sa.String(64), nullable=False, index=True),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("by", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("released_ms", sa.BigInteger, nullable=False),
        sa.Column("released_by", sa.String(32), nullable=False),
        sa.Column("released_reason", sa.String(400), nullable=False),
    )
    op.add_column("recording", sa.Column("code", sa.String(48), nullable=False, server_default=""))
    op.add_column("recording", sa.Column("elsewhere", sa.Boolean, nullable=False, server_default=sa.true()))


def downgrade() -> None:
    op.drop_table("quality")
    op.drop_table("search_row")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_text")
    for table in ("signature_told", "signature", "draft_edit", "legal_hold", "deletion"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION signature_only_grows")
    op.drop_column("recording", "code")
    op.drop_column("recording", "elsewhere")
