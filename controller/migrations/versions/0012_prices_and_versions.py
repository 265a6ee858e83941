"""Whose price an attempt was started with, and which versions ran"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("price_currency", "price_source", "image", "podium_version"):
        op.add_column("attempts", sa.Column(name, sa.Text(), nullable=True))
