"""Indexes of what is few among many: suspicious ends, baselines, trials at full fidelity"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_attempts_suspicious",
        "attempts",
        ["ended_at"],
        unique=False,
        postgresql_where=sa.text(
            "node IS NOT NULL AND NOT has_progressed AND end_reason IN ('bug', 'bad node', 'image or scheduling')"
        ),
    )
    op.create_index(
        "ix_trials_baseline", "trials", ["experiment_id"], unique=False, postgresql_where=sa.text("is_baseline")
    )
    op.create_index(
        "ix_trials_completed",
        "trials",
        ["experiment_id", "value"],
        unique=False,
        postgresql_where=sa.text("state = 'completed'"),
    )
