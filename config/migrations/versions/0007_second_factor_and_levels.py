"""The second factor's secret is sealed: longer than in the clear; an old one is sealed at its next use. How
good somebody is at each skill.

Revision ID: 0007_second_factor_and_levels
Revises: 0006_promises
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_second_factor_and_levels"
down_revision = "0006_promises"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("account") as account:
        account.alter_column("totp_secret", type_=sa.String(200), existing_type=sa.String(64))
        account.add_column(sa.Column("levels", sa.String(400), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("account") as account:
        account.drop_column("levels")
        account.alter_column("totp_secret", type_=sa.String(64), existing_type=sa.String(200))
