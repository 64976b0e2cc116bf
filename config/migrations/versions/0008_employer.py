"""Which employer a demand is about, as a key: workers of one site are shown as a group.

Revision ID: 0008_employer
Revises: 0007_second_factor_and_levels
"""

import sqlalchemy as sa
from alembic import op

revision = "0008_employer"
down_revision = "0007_second_factor_and_levels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("demand", sa.Column("employer", sa.String(16), nullable=False, server_default=""))
    op.create_index("ix_demand_employer", "demand", ["employer"])


def downgrade() -> None:
    op.drop_index("ix_demand_employer", "demand")
    op.drop_column("demand", "employer")
