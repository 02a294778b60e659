"""What waits for a gateway is told once, and what it answers is noted."""

from datetime import UTC, datetime, timedelta

import psycopg

from store import downlink

NOW = datetime(2026, 1, 20, tzinfo=UTC)


async def one(connection, columns, table):
    return await (await connection.execute(f"SELECT {columns} FROM {table}")).fetchone()


async def test_commands_and_configurations_wait_until_they_are_told(database):
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        (gateway,) = await (
            await connection.execute("INSERT INTO gateway (code, name) VALUES ('g-1', 'one') RETURNING id")
        ).fetchone()
        await connection.execute(
            "INSERT INTO command (gateway, action, arguments, who, ordered_at, expires)"
            """ VALUES (%s, 'restart', '{"in": 5}', 'test', %s, %s)""",
            (gateway, NOW, NOW + timedelta(hours=1)),
        )
        await connection.execute(
            "INSERT INTO gateway_config (gateway, revision, toml, who, desired_at)"
            " SELECT %s, n, 'a = ' || n, 'test', %s FROM generate_series(1, 2) AS n",
            (gateway, NOW),
        )
        (command,) = await downlink.waiting_commands(connection)
        assert (command.code, command.action, command.arguments) == ("g-1", "restart", {"in": 5})
        await downlink.note_command_told(connection, command.id)
        assert await downlink.waiting_commands(connection) == []
        await downlink.note_reply(connection, "g-1", command.id, "done", "well", NOW)
        await downlink.note_reply(connection, "g-1", command.id, "repeated", "again", NOW)
        await downlink.expire_command(connection, command.id, NOW)
        assert await one(connection, "outcome, detail", "command") == ("done", "well")
        assert await downlink.waiting_configs(connection) == [downlink.WaitingConfig(gateway, "g-1", 2, "a = 2")]
        await downlink.note_config_told(connection, gateway, 2)
        assert await downlink.waiting_configs(connection) == []
        await downlink.note_configured(connection, "g-1", 2, "refused", ["line 1"], NOW)
        said = await one(connection, "outcome, reasons", "gateway_config WHERE revision = 2")
        assert said == ("refused", ["line 1"])
        await downlink.born(connection, gateway, {"firmware": "1"})
        await downlink.note_statuses(connection, {"g-1": '{"online": true}'}, NOW)
        told = await one(connection, "birth, status, status_at", "gateway WHERE code = 'g-1'")
        assert told == ({"firmware": "1"}, {"online": True}, NOW)
