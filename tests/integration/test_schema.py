from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from db import migrations
from db.engine import engine
from db.models import Base


def test_the_models_and_the_migrated_schema_agree(database):
    options = {"include_object": lambda _obj, _name, kind, _reflected, _other: kind != "index"}
    with engine().connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []


def test_the_schema_goes_down_to_nothing_and_up_again(database):
    migrations.downgrade("base")
    assert inspect(engine()).get_table_names() == ["alembic_version"]
    with engine().connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_proc WHERE proname LIKE 'refuse%'")) == 0
    migrations.upgrade()
    assert "invoices" in inspect(engine()).get_table_names()
