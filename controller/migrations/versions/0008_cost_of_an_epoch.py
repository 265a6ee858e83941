"""What an epoch of a run costs: with less data or smaller images, less than one of a full training"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("epoch_cost", sa.Double(), nullable=False, server_default="1"))
