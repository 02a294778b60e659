"""A migrated database knows what rules and indices are called."""

import psycopg

from analytics.catalogue import entries
from store.migrate import migrate


def test_migrate_loads_the_catalogue_and_forgets_what_is_gone(database):
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO catalogue VALUES ('rule', 'of_yesterday', '{}'), ('sensor_model', 'kept', '{}')"
        )
        connection.execute("UPDATE catalogue SET entry = '{}' WHERE name = 'heat'")
    migrate(database)
    with psycopg.connect(database) as connection:
        found = {(kind, name): entry for kind, name, entry in connection.execute("SELECT * FROM catalogue").fetchall()}
    assert found.pop(("sensor_model", "kept")) == {}
    assert found == {(one["kind"], one["name"]): one["entry"] for one in entries()}
