"""The office: roles by prefecture, two-factor sign-in, the duty roster, publications, and the audit log.

The audit log only grows: the database itself refuses to change or delete a row of it.

Revision ID: 0004_office
Revises: 0003_transcription
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_office"
down_revision = "0003_transcription"
branch_labels = None
depends_on = None

_SQLITE_GUARD = """
CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END
"""
_POSTGRES_GUARD = """
CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$;
CREATE TRIGGER audit_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows();
"""


def upgrade() -> None:
    _accounts()
    _roster()
    _audit()
    op.create_table(
        "publication",
        sa.Column("what", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
    )


def _accounts() -> None:
    with op.batch_alter_table("account") as account:
        account.add_column(sa.Column("totp_secret", sa.String(64), nullable=False, server_default=""))
        account.add_column(sa.Column("totp_step", sa.BigInteger, nullable=False, server_default="0"))
        account.add_column(sa.Column("recovery", sa.Text, nullable=False, server_default="[]"))
    op.execute("UPDATE account SET role = 'province_admin' WHERE role = 'admin'")


def _roster() -> None:
    op.create_table(
        "duty_shift",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, nullable=False, index=True),
        sa.Column("prefecture", sa.String(32), nullable=False),
        sa.Column("skills", sa.String(200), nullable=False),
        sa.Column("starts_at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("ends_at_ms", sa.BigInteger, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("attest", sa.Boolean, nullable=False),
        sa.Column("called_at_ms", sa.BigInteger, nullable=False),
        sa.Column("attested_at_ms", sa.BigInteger, nullable=False),
        sa.Column("missed_at_ms", sa.BigInteger, nullable=False),
        sa.Column("cancelled_at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "duty_swap",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("shift_id", sa.Integer, nullable=False, index=True),
        sa.Column("from_account", sa.Integer, nullable=False),
        sa.Column("to_account", sa.Integer, nullable=False, index=True),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger, nullable=False),
        sa.Column("answered_at_ms", sa.BigInteger, nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("action", sa.String(48), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("key", sa.String(96), nullable=False),
        sa.Column("prefecture", sa.String(32), nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("undoes", sa.Integer, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES_GUARD)
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_GUARD.format(verb=verb))


def downgrade() -> None:
    for table in ("publication", "audit", "duty_swap", "duty_shift"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_only_grows()")
    op.execute("UPDATE account SET role = 'admin' WHERE role LIKE '%admin'")
    with op.batch_alter_table("account") as account:
        for column in ("totp_secret", "totp_step", "recovery"):
            account.drop_column(column)
