"""A province for pictures: communes and stations of Lạng Sơn (positions to two digits) over three made-up cold days."""

import json
from datetime import UTC, datetime

import psycopg

from analytics.rules import BY_NAME
from analytics.wording import Said, texts
from tests.api.conftest import FILL

#: The town in New York goes; four communes come, and values that hang together: cold nights, damp air, one night's rain.
MORE = """
DELETE FROM index_value WHERE place = (SELECT id FROM place WHERE code = 'jfk');
DELETE FROM latest; DELETE FROM reading;
DELETE FROM datastream WHERE place = (SELECT id FROM place WHERE code = 'jfk');
DELETE FROM place WHERE code = 'jfk';
INSERT INTO place (code, kind, name, parent)
SELECT code, 'commune', name, (SELECT id FROM place WHERE code = 'lang-son')
FROM (VALUES ('bac-son', 'Xã Bắc Sơn'), ('dong-dang', 'Xã Đồng Đăng'), ('loc-binh', 'Xã Lộc Bình'),
             ('that-khe', 'Xã Thất Khê')) AS commune (code, name);
INSERT INTO place (code, kind, name, parent, longitude, latitude, elevation)
SELECT upper || '-1', 'station', name, (SELECT id FROM place WHERE code = upper), longitude, latitude, elevation
FROM (VALUES ('bac-son', 'Trạm Bắc Sơn', 106.32, 21.90, 420.0), ('dong-dang', 'Trạm Đồng Đăng', 106.70, 21.95, 260.0),
             ('loc-binh', 'Trạm Lộc Bình', 106.92, 21.76, 240.0), ('that-khe', 'Trạm Thất Khê', 106.47, 22.25, 190.0))
    AS station (upper, name, longitude, latitude, elevation);
INSERT INTO datastream (place, quantity, level, interval_seconds)
SELECT place.id, quantity, level, 600 FROM place,
    (VALUES ('air_temperature', ''), ('relative_humidity', ''), ('precipitation', ''), ('wind_direction', ''),
            ('soil_moisture', '-0.30m')) AS kind (quantity, level)
WHERE place.kind = 'station' AND NOT EXISTS (SELECT FROM datastream WHERE datastream.place = place.id);
INSERT INTO reading (phenomenon_time, result, datastream_id, flag, batch_id)
SELECT moment, CASE quantity
    WHEN 'air_temperature' THEN round((13.6 - 0.0055 * elevation - day * 1.1 + swing * (2.2 + 0.5 * day) + stir)::numeric, 1)
    WHEN 'relative_humidity' THEN round(least(98, 82 - swing * 11 - stir * 4 + CASE WHEN wet THEN 10 ELSE 0 END)::numeric, 0)
    WHEN 'precipitation' THEN CASE WHEN wet THEN round((0.5 + 0.4 * sin(extract(epoch FROM moment) / 900))::numeric, 1) ELSE 0 END
    WHEN 'wind_direction' THEN 30 + 15 * stir
    ELSE round((0.262 - 0.004 * day + CASE WHEN moment > '2026-01-29 21:00Z' THEN 0.021 ELSE 0 END)::numeric, 3) END,
    datastream.id, 1, 1
FROM datastream JOIN place ON place.id = place,
    generate_series(timestamptz '2026-01-28 14:00Z', '2026-01-31 14:00Z', '10 minutes') AS moment,
    LATERAL (SELECT extract(epoch FROM moment - '2026-01-28 14:00Z') / 86400 AS day,
                    sin((extract(hour FROM moment) + extract(minute FROM moment) / 60 - 1.5) / 24 * 2 * pi()) AS swing,
                    0.4 * sin(extract(epoch FROM moment) / 4111 + place.id) + 0.3 * sin(extract(epoch FROM moment) / 1777)
                        AS stir,
                    moment BETWEEN '2026-01-29 16:00Z' AND '2026-01-29 20:00Z' AS wet) AS of;
INSERT INTO latest SELECT DISTINCT ON (datastream_id) datastream_id, phenomenon_time, result, flag, batch_id
FROM reading ORDER BY datastream_id, phenomenon_time DESC;
DELETE FROM index_value;
INSERT INTO index_value (place, index, time, value, completeness)
SELECT place, index_id('air_temperature_mean'), date_trunc('day', phenomenon_time, 'Asia/Ho_Chi_Minh'), avg(result), 1
FROM reading JOIN datastream ON datastream.id = datastream_id WHERE quantity = 'air_temperature' GROUP BY 1, 3;
DELETE FROM alert_step; DELETE FROM alert;
"""
#: Rule, station, level, value, basis.
ALERTS = (
    ("cold_spell", "huu-lung-1", 2, 13.4, "observed"), ("cold_spell", "dong-dang-1", 2, 13.9, "observed"),
    ("cold_spell", "bac-son-1", 3, 12.1, "observed"), ("cold_spell", "mau-son-1", 3, 6.3, "observed"),
    ("frost", "huu-lung-1", 1, 3.6, "forecast"), ("frost", "mau-son-1", 1, 1.8, "observed"),
)  # fmt: skip
BEGAN = datetime(2026, 1, 29, 17, tzinfo=UTC)


def fill(connection: psycopg.Connection) -> None:
    """Put the province into a fresh database; what alerts say is what the rules say."""
    connection.execute(FILL)
    connection.execute(MORE)
    for rule, code, level, value, basis in ALERTS:
        _, name, zone, commune = connection.execute(
            "SELECT place.id, place.name, place.time_zone, above.name FROM place JOIN place AS above ON above.id = place.parent"
            " WHERE place.code = %s", [code],
        ).fetchone()  # fmt: skip
        second = int(BEGAN.timestamp())
        ahead = {"issued": second + 43_200, "until": second + 172_800} if basis == "forecast" else {}
        said = Said("open", level, f"{name}, {commune}", zone, value, 2, second, None, second, **ahead)
        (alert,) = connection.execute(
            "INSERT INTO alert (rule, hazard, place, basis, state, level, started)"
            " SELECT %s, %s, id, %s, 'open', %s, %s FROM place WHERE code = %s RETURNING id",
            [rule, BY_NAME[rule].hazard, basis, level, BEGAN, code],
        ).fetchone()  # fmt: skip
        connection.execute(
            "INSERT INTO alert_step (alert, number, kind, level, at, known_at, expires, texts)"
            " VALUES (%s, 1, 'open', %s, %s, %s, %s, %s)",
            [alert, level, BEGAN, BEGAN, BEGAN.replace(month=3, day=1), json.dumps(texts(BY_NAME[rule], said))],
        )  # fmt: skip
