"""The schema: migrations and models agree, and a database that was not migrated is refused in one clear line."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, make_url, text

from controller.database import DatabaseUnusable, migrate, open_engine, require_migrated
from controller.tables import Table


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    admin = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE empty"))
    engine = open_engine(make_url(database_url).set(database="empty").render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE empty"))
    admin.dispose()


def test_migrations_lead_to_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_a_database_that_was_never_migrated_is_refused_with_the_remedy(empty: Engine) -> None:
    with pytest.raises(DatabaseUnusable, match="podium-controller migrate"):
        require_migrated(empty)


def test_a_newer_schema_is_good_and_an_older_one_is_not(empty: Engine) -> None:
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    require_migrated(empty)
    migrate(empty)  # an old Pod's init container has nothing to do, and breaks nothing
    with empty.begin() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(DatabaseUnusable, match="0001"):
        require_migrated(empty)


def test_migrating_twice_changes_nothing(empty: Engine) -> None:
    migrate(empty)
    migrate(empty)
    require_migrated(empty)


def test_only_postgresql_is_accepted() -> None:
    with pytest.raises(DatabaseUnusable, match="sqlite"):
        open_engine("sqlite:///podium.db")
    with pytest.raises(DatabaseUnusable, match="PODIUM_DATABASE_URL"):
        open_engine("no url")
