"""Recordings and where each stands on its way to text; transcripts; machine drafts.

Revision ID: 0003_transcription
Revises: 0002_accounts
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_transcription"
down_revision = "0002_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("contact", sa.String(), nullable=False, index=True),
        sa.Column("call_sid", sa.String(), nullable=False),
        sa.Column("lawyer", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, index=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("length_s", sa.Float(), nullable=True),
        sa.Column("caller_speech_s", sa.Float(), nullable=True),
        sa.Column("lawyer_speech_s", sa.Float(), nullable=True),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.String(), nullable=False),
        sa.Column("lease_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "transcript",
        sa.Column("recording_id", sa.String(), sa.ForeignKey("recording.id"), primary_key=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("recognizer", sa.String(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "draft",
        sa.Column("contact", sa.String(), primary_key=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("draft")
    op.drop_table("transcript")
    op.drop_table("recording")
