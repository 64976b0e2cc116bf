"""How far each promise has come: call-backs, escalation, aid applications; the outreach register.

Revision ID: 0006_promises
Revises: 0005_draft
"""

import sqlalchemy as sa
from alembic import op

revision = "0006_promises"
down_revision = "0005_draft"
branch_labels = None
depends_on = None


def _text(name: str, length: int, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, server_default=default)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def upgrade() -> None:
    for column in (_text("stage", 16, "open"), _number("attempts"), _number("next_ms")):
        op.add_column("callback", column)
    op.add_column("demand", sa.Column("steps", sa.Text, nullable=False, server_default="{}"))
    op.add_column("demand", _text("aid_state", 16))
    op.add_column("demand", sa.Column("aid", sa.Text, nullable=False, server_default="{}"))
    op.add_column("demand", _number("aid_target_ms"))
    op.create_index("ix_demand_aid_state", "demand", ["aid_state"])
    op.create_table(
        "outreach",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False, index=True),
        sa.Column("prefecture", sa.String(32), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("people", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("struck", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("outreach")
    op.drop_index("ix_demand_aid_state", "demand")
    for name in ("steps", "aid_state", "aid", "aid_target_ms"):
        op.drop_column("demand", name)
    for name in ("stage", "attempts", "next_ms"):
        op.drop_column("callback", name)
