-- What people with SQL of their own may read: Grafana's boards, and whoever may query there. Every view is a contract:
-- docs/boards.md says what each column is; columns are added at will, and taken away or renamed only with a major version.
-- Keys are codes, not numbers. Nothing here names a person: no subscriber, address, account, text of a message.
-- Event time only: nothing calls now(); a board passes the end of what it shows.
DROP SCHEMA IF EXISTS chart_public CASCADE;
DROP SCHEMA IF EXISTS chart CASCADE;
CREATE SCHEMA chart;
CREATE SCHEMA chart_public;

-- The table of quantities (telemetry/quantities.py; a test compares them).
CREATE VIEW chart.quantity AS
SELECT name, unit, aggregate, vi, en FROM (VALUES
    ('air_temperature', 'Cel', 'mean', 'Nhiệt độ không khí', 'Air temperature'),
    ('relative_humidity', '%', 'mean', 'Độ ẩm không khí', 'Relative humidity'),
    ('dew_point', 'Cel', 'mean', 'Nhiệt độ điểm sương', 'Dew point'),
    ('air_pressure', 'hPa', 'mean', 'Khí áp', 'Air pressure'),
    ('precipitation', 'mm', 'sum', 'Lượng mưa', 'Precipitation'),
    ('wind_speed', 'm/s', 'mean', 'Tốc độ gió', 'Wind speed'),
    ('wind_gust', 'm/s', 'maximum', 'Gió giật', 'Wind gust'),
    ('wind_direction', 'deg', 'vector', 'Hướng gió', 'Wind direction'),
    ('global_radiation', 'W/m2', 'mean', 'Bức xạ tổng cộng', 'Global radiation'),
    ('sunshine_duration', 'min', 'sum', 'Thời gian nắng', 'Sunshine duration'),
    ('illuminance', 'lx', 'mean', 'Độ rọi', 'Illuminance'),
    ('ultraviolet_index', '{index}', 'mean', 'Chỉ số tia cực tím', 'Ultraviolet index'),
    ('black_globe_temperature', 'Cel', 'mean', 'Nhiệt độ cầu đen', 'Black globe temperature'),
    ('leaf_wetness', '%', 'mean', 'Độ ướt lá', 'Leaf wetness'),
    ('soil_moisture', 'm3/m3', 'mean', 'Độ ẩm đất', 'Soil moisture'),
    ('soil_temperature', 'Cel', 'mean', 'Nhiệt độ đất', 'Soil temperature'),
    ('soil_electrical_conductivity', 'dS/m', 'mean', 'Độ dẫn điện của đất', 'Soil electrical conductivity'),
    ('soil_water_potential', 'kPa', 'mean', 'Thế nước trong đất', 'Soil water potential'),
    ('soil_permittivity', '{ratio}', 'mean', 'Hằng số điện môi của đất', 'Soil relative permittivity'),
    ('soil_ph', '[pH]', 'mean', 'pH đất', 'Soil pH'),
    ('soil_salinity', 'mg/L', 'mean', 'Độ mặn của đất', 'Soil salinity'),
    ('soil_total_dissolved_solids', 'mg/L', 'mean', 'Tổng chất rắn hoà tan trong đất', 'Soil total dissolved solids'),
    ('soil_nitrogen', 'mg/kg', 'mean', 'Đạm trong đất (ước tính)', 'Soil nitrogen (estimated)'),
    ('soil_phosphorus', 'mg/kg', 'mean', 'Lân trong đất (ước tính)', 'Soil phosphorus (estimated)'),
    ('soil_potassium', 'mg/kg', 'mean', 'Kali trong đất (ước tính)', 'Soil potassium (estimated)'),
    ('water_level', 'm', 'mean', 'Mực nước', 'Water level'),
    ('water_flow', 'm3/s', 'mean', 'Lưu lượng', 'Water flow'),
    ('water_volume', 'm3', 'sum', 'Lượng nước dùng', 'Water volume'),
    ('water_temperature', 'Cel', 'mean', 'Nhiệt độ nước', 'Water temperature'),
    ('dissolved_oxygen', 'mg/L', 'mean', 'Ôxy hoà tan', 'Dissolved oxygen'),
    ('water_ph', '[pH]', 'mean', 'pH nước', 'Water pH'),
    ('water_electrical_conductivity', 'dS/m', 'mean', 'Độ dẫn điện của nước', 'Water electrical conductivity'),
    ('water_turbidity', '[NTU]', 'mean', 'Độ đục', 'Water turbidity'),
    ('total_ammonia_nitrogen', 'mg/L', 'mean', 'Tổng amoni (TAN)', 'Total ammonia nitrogen'),
    ('carbon_dioxide', '[ppm]', 'mean', 'Khí CO2', 'Carbon dioxide'),
    ('particulate_matter_2_5', 'ug/m3', 'mean', 'Bụi PM2.5', 'Particulate matter PM2.5'),
    ('particulate_matter_10', 'ug/m3', 'mean', 'Bụi PM10', 'Particulate matter PM10'),
    ('pest_count', '{count}', 'sum', 'Số sâu, bướm, rầy đếm được', 'Pests counted'),
    ('sound_level', 'dB', 'mean', 'Mức ồn', 'Sound level'),
    ('battery_voltage', 'V', 'mean', 'Điện áp ắc quy', 'Battery voltage'),
    ('battery_level', '%', 'last', 'Mức pin', 'Battery level'),
    ('signal_strength', 'dBm', 'mean', 'Cường độ sóng', 'Signal strength'),
    ('enclosure_temperature', 'Cel', 'mean', 'Nhiệt độ trong hộp', 'Enclosure temperature')
) AS row (name, unit, aggregate, vi, en);

-- Names of the checks behind the bits of a flag (store/flag.py; a test compares them).
CREATE VIEW chart.quality_check AS
SELECT name, bit FROM (VALUES
    ('physical_range', 8), ('local_range', 9), ('pack_agreement', 10), ('step', 11), ('spike', 12), ('persistence', 13),
    ('consistency', 14), ('spatial', 15), ('rain_occurrence', 16), ('clogged', 17), ('drift', 18), ('clear_sky', 19),
    ('person', 20), ('redated', 21), ('estimated', 22)
) AS row (name, bit);

-- PLACES
-- A commune is looked up within the list of columns, so that who does not ask for it does not pay for it.

CREATE VIEW chart.commune AS
SELECT code AS commune, name, longitude, latitude, properties ->> 'kind' AS kind FROM place WHERE kind = 'commune';

-- Every place, with the commune it lies in.
CREATE VIEW chart.place AS
SELECT place.code AS place, place.name, place.kind, place.private,
       (SELECT upper.code FROM place AS upper WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune,
       (SELECT upper.name FROM place AS upper WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune_name,
       place.longitude, place.latitude, place.elevation, place.time_zone
FROM place;

-- A station: when it was last heard of, its open alerts, what it measures.
CREATE VIEW chart.station AS
SELECT place.code AS station, place.name, place.private,
       (SELECT upper.code FROM place AS upper WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune,
       (SELECT upper.name FROM place AS upper WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune_name,
       place.longitude, place.latitude, place.elevation, place.time_zone, gateway.code AS gateway,
       heard.at AS heard, coalesce(heard.datastreams, 0) AS datastreams, heard.interval_seconds,
       coalesce(open.level, 0) AS level, coalesce(open.alerts, 0) AS alerts, open.hazard, open.rule
FROM place
LEFT JOIN LATERAL (SELECT gateway FROM gateway_station
                   WHERE gateway_station.station = place.id ORDER BY valid_from DESC LIMIT 1) AS given ON true
LEFT JOIN gateway ON gateway.id = given.gateway
LEFT JOIN (SELECT datastream.place, max(latest.phenomenon_time) AS at, count(*) AS datastreams,
                  min(nullif(datastream.interval_seconds, 0)) AS interval_seconds
           FROM datastream LEFT JOIN latest ON latest.datastream_id = datastream.id
           GROUP BY datastream.place) AS heard ON heard.place = place.id
LEFT JOIN (SELECT alert.place, max(alert.level) AS level, count(*) AS alerts,
                  (array_agg(alert.hazard ORDER BY alert.level DESC, alert.started))[1] AS hazard,
                  (array_agg(alert.rule ORDER BY alert.level DESC, alert.started))[1] AS rule
           FROM alert WHERE alert.state = 'open' AND alert.basis = 'observed' AND alert.hazard <> 'network'
           GROUP BY alert.place) AS open ON open.place = place.id
WHERE place.kind = 'station';

CREATE VIEW chart.datastream AS
SELECT place.code AS station, place.name AS station_name, datastream.quantity, datastream.level, datastream.basis,
       datastream.interval_seconds, sensor.sensor_model, sensor.height, quantity.unit, quantity.vi, quantity.en
FROM datastream
JOIN place ON place.id = datastream.place
JOIN chart.quantity ON quantity.name = datastream.quantity
LEFT JOIN LATERAL (SELECT sensor_model, height FROM deployment WHERE deployment.datastream = datastream.id
                   ORDER BY valid_from DESC LIMIT 1) AS sensor ON true;

CREATE VIEW chart.season AS
SELECT season.id AS season, place.place, place.name, place.commune, place.commune_name, season.crop, season.variety,
       season.sown, season.ended
FROM season JOIN place AS spot ON spot.id = season.place JOIN chart.place ON place.place = spot.code;

-- READINGS

-- The newest value of every sensor, with what checks and people said of it.
CREATE VIEW chart.latest AS
SELECT newest.*, newest.flag & 255 AS quality
FROM (
    SELECT place.code AS station, place.name,
       (SELECT upper.code FROM place AS upper WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune,
       (SELECT upper.name FROM place AS upper WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune_name,
       place.private,
           datastream.quantity, datastream.level, datastream.interval_seconds, latest.phenomenon_time AS time,
           latest.result AS value, judged_flag(latest.flag, said.worst, said.bits, said.person) AS flag, batch.received_at
    FROM latest
    JOIN datastream ON datastream.id = latest.datastream_id
    JOIN place ON place.id = datastream.place
    LEFT JOIN batch ON batch.id = latest.batch_id
    LEFT JOIN LATERAL (
        SELECT max(verdict.flag & 255) AS worst, bit_or(verdict.flag & ~255) AS bits,
               (array_agg(verdict.flag & 255 ORDER BY verdict.said_at DESC, verdict.id DESC)
                FILTER (WHERE verdict.who LIKE 'person:%'))[1] AS person
        FROM verdict WHERE verdict.datastream_id = latest.datastream_id
          AND verdict.valid_to >= latest.phenomenon_time AND verdict.valid_from <= latest.phenomenon_time) AS said ON true
) AS newest;

-- Raw readings, never changed, with what checks and people said of them. For wide spans use chart.series.
CREATE VIEW chart.reading AS
SELECT place.code AS station, place.name, place.private, datastream.quantity, datastream.level,
       judged.phenomenon_time AS time, judged.result AS value, judged.flag & 255 AS quality, judged.flag
FROM judged
JOIN datastream ON datastream.id = judged.datastream_id
JOIN place ON place.id = datastream.place;

-- What checks and people found, by interval.
CREATE VIEW chart.finding AS
SELECT place.code AS station, place.name,
       (SELECT upper.code FROM place AS upper WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune,
       datastream.quantity, datastream.level,
       verdict.valid_from AS time, verdict.valid_to AS time_end, verdict.flag & 255 AS quality, verdict.reason,
       split_part(verdict.who, ':', 1) AS who, verdict.flag
FROM verdict
JOIN datastream ON datastream.id = verdict.datastream_id
JOIN place ON place.id = datastream.place;

-- MEANING

CREATE VIEW chart.index_value AS
SELECT spot.code AS place, spot.name, spot.kind, spot.private,
       (SELECT upper.code FROM place AS upper WHERE upper.id = ANY (spot.path) AND upper.kind = 'commune' LIMIT 1) AS commune,
       (SELECT upper.name FROM place AS upper WHERE upper.id = ANY (spot.path) AND upper.kind = 'commune' LIMIT 1) AS commune_name,
       index_value.index, index_value.subject AS season, season.crop, season.variety,
       CASE WHEN index_value.reference_time = '-infinity' THEN 'observed' ELSE 'forecast' END AS basis,
       nullif(index_value.reference_time, '-infinity') AS issued,
       index_value.time, index_value.value, index_value.completeness, index_value.method, index_value.subject
FROM indexed AS index_value
JOIN place AS spot ON spot.id = index_value.place
LEFT JOIN season ON season.id = index_value.subject;

CREATE VIEW chart.forecast AS
SELECT spot.code AS place, spot.name, spot.private, forecast.quantity, forecast.reference_time AS issued,
       forecast.valid_time AS time, forecast.value, forecast.source
FROM forecast JOIN place AS spot ON spot.id = forecast.place;

-- Titles and units of indices and rules as the catalogue has them.
CREATE VIEW chart.title AS
SELECT kind, name, coalesce(entry #>> '{title,vi}', name) AS vi, coalesce(entry #>> '{title,en}', name) AS en,
       coalesce(entry ->> 'unit', '') AS unit
FROM catalogue;

-- Episodes: what is said is the last step's short text.
CREATE VIEW chart.alert AS
SELECT alert.id AS alert, alert.rule, alert.hazard, spot.code AS place, spot.name, spot.kind, spot.private,
       (SELECT upper.code FROM place AS upper WHERE upper.id = ANY (spot.path) AND upper.kind = 'commune' LIMIT 1) AS commune,
       (SELECT upper.name FROM place AS upper WHERE upper.id = ANY (spot.path) AND upper.kind = 'commune' LIMIT 1) AS commune_name,
       spot.longitude, spot.latitude, alert.subject AS season, alert.basis,
       alert.state, alert.level, alert.started AS time, alert.ended AS time_end, alert.successor,
       coalesce(step.steps, 0) AS steps, step.texts #>> '{vi,short}' AS text_vi, step.texts #>> '{en,short}' AS text_en,
       step.known_at, alert.subject, alert.level_highest, known.entry ->> 'category' AS category,
       nullif(known.entry ->> 'article', '') AS article
FROM alert
JOIN place AS spot ON spot.id = alert.place
LEFT JOIN catalogue AS known ON known.kind = 'rule' AND known.name = alert.rule
LEFT JOIN LATERAL (SELECT number AS steps, texts, known_at FROM alert_step WHERE alert_step.alert = alert.id
                   ORDER BY number DESC LIMIT 1) AS step ON true;

CREATE VIEW chart.alert_step AS
SELECT alert.id AS alert, alert.rule, alert.hazard, spot.code AS place, spot.name, alert.basis, alert_step.number,
       alert_step.kind, alert_step.level, alert_step.at AS time, alert_step.known_at, alert_step.expires,
       alert_step.stale
FROM alert_step JOIN alert ON alert.id = alert_step.alert JOIN place AS spot ON spot.id = alert.place;

-- What forecasts were worth: a forecast alert that names the observed one came true; an observed one that no forecast
-- named came unannounced.
CREATE VIEW chart.skill AS
SELECT alert.rule, alert.hazard, date_trunc('day', alert.started, 'Asia/Ho_Chi_Minh') AS time,
       count(*) FILTER (WHERE alert.basis = 'forecast' AND alert.successor IS NOT NULL) AS came_true,
       count(*) FILTER (WHERE alert.basis = 'forecast' AND alert.successor IS NULL AND alert.state <> 'open') AS false_alarms,
       count(*) FILTER (WHERE alert.basis = 'observed' AND alert.state <> 'cancelled' AND NOT EXISTS (
           SELECT FROM alert AS said WHERE said.successor = alert.id AND said.basis = 'forecast')) AS unannounced
FROM alert GROUP BY 1, 2, 3;

-- How each rule met what was measured, a row for each day of a station; of nights the day is that on which they end.
CREATE VIEW chart.rule_day AS
SELECT day.rule, day.hazard, spot.code AS place, spot.name, day.time, day.value, day.came, day.warned, day.in_time
FROM rule_day AS day JOIN place AS spot ON spot.id = day.place;

-- What each rule is held against; nothing where nobody measures or observes what it speaks of.
CREATE VIEW chart.monitor AS
SELECT name AS rule, entry ->> 'hazard' AS hazard, entry #>> '{monitor,index}' AS index, (entry ->> 'enabled')::boolean AS enabled
FROM catalogue WHERE kind = 'rule' AND entry ->> 'hazard' <> 'network';

-- PEOPLE, IN NUMBERS ONLY

-- Messages by hour, commune, hazard and outcome.
CREATE VIEW chart.delivery AS
SELECT time_bucket('1 hour', delivery.at) AS time, commune.code AS commune, commune.name AS commune_name, delivery.hazard,
       delivery.level, delivery.kind, coalesce(delivery.route, '') AS route, delivery.state, delivery.rung,
       count(*) AS messages, sum(delivery.segments) AS segments, sum(delivery.cost)::float8 AS cost,
       sum(extract(epoch FROM delivery.sent_at - delivery.at))::float8 AS seconds_to_send,
       count(delivery.sent_at) AS sent
FROM delivery LEFT JOIN place AS commune ON commune.id = delivery.place
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;

-- What went out together: how many people, how many it reached, and after how long somebody took charge.
CREATE VIEW chart.bundle AS
SELECT bundle.id AS bundle, commune.code AS commune, commune.name AS commune_name, bundle.hazard, bundle.kind,
       bundle.level, bundle.at AS time, bundle.expires, bundle.outcome, bundle.exercise,
       (SELECT count(*) FROM bundle_step WHERE bundle_step.bundle = bundle.id) AS steps,
       coalesce(sent.people, 0) AS people, coalesce(sent.reached, 0) AS reached, coalesce(sent.failed, 0) AS failed,
       coalesce(sent.cost, 0)::float8 AS cost, taken.at AS acknowledged,
       extract(epoch FROM taken.at - bundle.at)::float8 AS seconds_to_acknowledge
FROM bundle
JOIN place AS commune ON commune.id = bundle.commune
LEFT JOIN LATERAL (SELECT count(DISTINCT delivery.subscriber) AS people,
                          count(DISTINCT delivery.subscriber) FILTER (WHERE delivery.state IN ('sent', 'delivered')) AS reached,
                          count(DISTINCT delivery.subscriber) FILTER (WHERE delivery.state IN ('failed', 'expired')) AS failed,
                          sum(delivery.cost) AS cost
                   FROM delivery WHERE delivery.bundle = bundle.id) AS sent ON true
LEFT JOIN LATERAL (SELECT min(acknowledgement.at) AS at FROM acknowledgement
                   WHERE acknowledgement.bundle = bundle.id) AS taken ON true;

-- Subscribers by the place they asked for: how many, never who.
CREATE VIEW chart.reach AS
SELECT spot.code AS place, spot.name, spot.kind, subscriber.audience, subscriber.language, count(*) AS subscribers
FROM subscriber_place
JOIN subscriber ON subscriber.id = subscriber_place.subscriber AND subscriber.state = 'active'
JOIN place AS spot ON spot.id = subscriber_place.place
GROUP BY 1, 2, 3, 4, 5;

CREATE VIEW chart.bulletin AS
SELECT commune.code AS commune, commune.name AS commune_name, bulletin.kind, bulletin.day, bulletin.state,
       bulletin.made_at AS time, bulletin.released_at
FROM bulletin JOIN place AS commune ON commune.id = bulletin.place;

-- What waits for a person's yes or no.
CREATE VIEW chart.approval AS
SELECT kind, title, state, asked_at AS time, expires, decided_at FROM approval;

-- THE NETWORK

CREATE VIEW chart.gateway AS
SELECT gateway.code AS gateway, gateway.name, gateway.revoked, gateway.status_at AS time,
       coalesce(told_truth(gateway.status, 'online'), false) AS online,
       -- a gateway leaves out what is zero
       CASE WHEN jsonb_typeof(gateway.status) = 'object' AND NOT gateway.status ? 'waiting' THEN 0
            ELSE told_whole(gateway.status, 'waiting') END AS waiting,
       told_moment(gateway.status, 'oldest') AS oldest_waiting,
       told_number(gateway.status, 'clock_offset') AS clock_offset,
       told_number(gateway.status, 'cpu_temperature') AS cpu_temperature,
       told_number(gateway.status, 'disk_free') AS disk_free,
       told_number(gateway.status, 'signal') AS signal,
       told_number(gateway.status, 'uptime') AS uptime,
       coalesce(gateway.status ->> 'firmware', gateway.birth ->> 'firmware') AS firmware,
       (SELECT count(*) FROM gateway_station WHERE gateway_station.gateway = gateway.id
          AND gateway_station.valid_to = 'infinity') AS stations
FROM gateway WHERE gateway.code <> 'api';

-- Packs received, by hour of real time.
CREATE VIEW chart.received AS
SELECT time_bucket('1 hour', batch.received_at) AS time, gateway.code AS gateway, batch.stream, count(*) AS packs,
       sum(batch.records) AS records
FROM batch JOIN gateway ON gateway.id = batch.gateway GROUP BY 1, 2, 3;

CREATE VIEW chart.set_aside AS
SELECT time_bucket('1 hour', received_at) AS time, gateway, reason, count(*) AS records,
       count(*) FILTER (WHERE replayed_at IS NULL) AS open
FROM set_aside GROUP BY 1, 2, 3;

-- What gateways declared they had to drop.
CREATE VIEW chart.dropped AS
SELECT batch.received_at AS time, gateway.code AS gateway, dropped.station, dropped.datastream, dropped.first_time,
       dropped.last_time, dropped.readings
FROM dropped JOIN gateway ON gateway.id = dropped.gateway LEFT JOIN batch ON batch.id = dropped.batch_id;

-- THE PLATFORM

-- What waits to be done; the oldest in real time where the table knows it.
CREATE VIEW chart.work AS
SELECT 'mark' AS kind, count(*) AS waiting, min(marked_at) FILTER (WHERE isfinite(marked_at)) AS oldest FROM mark
UNION ALL SELECT 'lease', count(*), min(expires_at) FROM lease
UNION ALL SELECT 'touched', count(*), NULL FROM touched
UNION ALL SELECT 'due ' || owner, count(*), min(at) FROM due GROUP BY owner
UNION ALL SELECT 'request', count(*), min(asked_at) FROM request WHERE state IN ('waiting', 'working')
UNION ALL SELECT 'delivery', count(*), min(at) FROM delivery WHERE state IN ('queued', 'held', 'sending')
UNION ALL SELECT 'inbound', count(*), min(received_at) FROM inbound WHERE state IN ('new', 'waiting')
UNION ALL SELECT 'approval', count(*), min(asked_at) FROM approval WHERE state = 'waiting';

-- How large the tables are [bytes]. A function, since sizes are asked with the rights of who asks.
CREATE FUNCTION chart.sizes() RETURNS TABLE (name text, bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT hypertable_name::text, hypertable_size(format('%I.%I', hypertable_schema, hypertable_name)::regclass)
    FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public'
    UNION ALL
    SELECT pg_class.relname::text, pg_total_relation_size(pg_class.oid) FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace AND pg_namespace.nspname = 'public'
    WHERE pg_class.relkind = 'r' AND NOT EXISTS (
        SELECT FROM timescaledb_information.hypertables AS hyper
        WHERE hyper.hypertable_schema = 'public' AND hyper.hypertable_name = pg_class.relname)
$$;

-- Connections by process and state; no query, no address.
CREATE FUNCTION chart.connections() RETURNS TABLE (process text, state text, connections bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(nullif(application_name, ''), backend_type), coalesce(state, ''), count(*)
    FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1, 2
$$;

-- SERIES, FROM MINUTES TO DECADES

-- Mean, sum, maximum, last or mean direction of a quantity, as the table of quantities says, in buckets of a width that
-- a board chooses by its zoom: below 15 minutes from readings, above from rollups (what is touched and not yet rolled up
-- comes from readings). From a quarter of a day on it is days: a picture of a year is 365 points a line. `value`, `minimum`, `maximum` are of readings that are good or not evaluated; `doubtful` is the
-- mean of suspect and failed ones, shown apart and never mixed in. At most 3,000 buckets a station: a narrower width is
-- widened. Buckets of a day and more begin at the station's local midnight.
CREATE FUNCTION chart.bucketed(
    stations text[], of_quantity text, from_time timestamptz, to_time timestamptz, wanted interval, of_level text,
    open boolean
) RETURNS TABLE ("time" timestamptz, station text, name text, level text, value float8, minimum float8, maximum float8,
                 readings bigint, doubtful float8, doubtful_readings bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    width float8 := greatest(extract(epoch FROM wanted), extract(epoch FROM to_time - from_time) / 3000, 1);
    source text;
    grain text;
    aggregate text := aggregate_of(of_quantity);
    bucket text := 'parts.bucket';
BEGIN
    IF width < 900 THEN
        source := NULL;
    ELSIF width < 3600 THEN
        source := 'rolled_quarters'; grain := '15 minutes'; width := 900 * round(width / 900);
    ELSIF width < 21600 THEN
        source := 'rolled_hours'; grain := '1 hour'; width := 3600 * round(width / 3600);
    ELSE
        source := 'rolled_days'; grain := '1 day'; width := 86400 * greatest(1, round(width / 86400));
    END IF;
    IF source IS NULL OR width > extract(epoch FROM grain::interval) THEN
        bucket := CASE WHEN source = 'rolled_days'
                       THEN format('time_bucket(%L::interval, parts.bucket, chosen.time_zone)', width / 86400 || ' days')
                       ELSE format('time_bucket(%L::interval, parts.bucket)', width || ' seconds') END;
    END IF;
    RETURN QUERY EXECUTE format($q$
        WITH chosen AS MATERIALIZED (
            SELECT datastream.id, datastream.level, place.id AS place, place.code, place.name, place.time_zone
            FROM place JOIN datastream ON datastream.place = place.id AND datastream.quantity = $2
            WHERE place.code = ANY ($1) AND NOT ($6 AND place.private) AND ($5 IS NULL OR datastream.level = $5)
        ), %1$s
        SELECT %2$s, chosen.code, chosen.name, chosen.level, %3$s,
               min(parts.minimum) FILTER (WHERE parts.class = 1), max(parts.maximum) FILTER (WHERE parts.class = 1),
               coalesce(sum(parts.count) FILTER (WHERE parts.class = 1), 0)::bigint,
               sum(parts.sum) FILTER (WHERE parts.class > 1) / nullif(sum(parts.count) FILTER (WHERE parts.class > 1), 0),
               coalesce(sum(parts.count) FILTER (WHERE parts.class > 1), 0)::bigint
        FROM parts JOIN chosen ON chosen.id = parts.datastream_id
        GROUP BY 1, chosen.id, chosen.code, chosen.name, chosen.level
        ORDER BY 1
    $q$,
    CASE WHEN source IS NULL THEN $p$ parts AS (
            SELECT judged.datastream_id, judged.phenomenon_time AS bucket,
                   (CASE WHEN judged.flag & 255 <= 2 THEN 1 ELSE judged.flag & 255 END) AS class, 1 AS count,
                   judged.result AS sum, judged.result AS minimum, judged.result AS maximum, sind(judged.result) AS east,
                   cosd(judged.result) AS north, judged.result AS last
            FROM judged_readings(ARRAY(SELECT id FROM chosen), $3, $4 + interval '1 microsecond') AS judged
            WHERE judged.flag & 255 <= 4) $p$
         ELSE format($p$ stale AS MATERIALIZED (
            SELECT touched.place, range_agg(tstzrange(%2$s, %3$s)) AS ranges
            FROM touched JOIN (SELECT DISTINCT place, time_zone FROM chosen) AS spot ON spot.place = touched.place
            WHERE touched.to_time >= $3 AND touched.from_time <= $4
            GROUP BY touched.place
        ), parts AS (
            SELECT rolled.datastream_id, rolled.bucket, rolled.class, rolled.count, rolled.sum, rolled.minimum,
                   rolled.maximum, rolled.east, rolled.north, rolled.last
            FROM %1$I(ARRAY(SELECT id FROM chosen), $3 - %4$L::interval, $4 + interval '1 microsecond') AS rolled
            WHERE NOT EXISTS (SELECT FROM stale JOIN chosen ON chosen.place = stale.place
                              WHERE chosen.id = rolled.datastream_id AND rolled.bucket <@ stale.ranges)
            UNION ALL
            SELECT raw.datastream_id, %5$s, raw.class, raw.count, raw.sum, raw.minimum, raw.maximum,
                   raw.east, raw.north, raw.last
            FROM stale JOIN (SELECT DISTINCT place, time_zone FROM chosen) AS spot ON spot.place = stale.place,
                 unnest(stale.ranges) AS part,
                 LATERAL roll_up(ARRAY(SELECT id FROM chosen WHERE chosen.place = stale.place),
                                 greatest(lower(part), $3 - %4$L::interval), least(upper(part), $4), %6$L::interval) AS raw) $p$,
             source,
             CASE source WHEN 'rolled_days' THEN $d$date_trunc('day', touched.from_time, spot.time_zone)$d$
                         ELSE format('time_bucket(%L::interval, touched.from_time)', grain) END,
             CASE source WHEN 'rolled_days' THEN $d$date_trunc('day', touched.to_time, spot.time_zone) + interval '1 day'$d$
                         ELSE format('time_bucket(%1$L::interval, touched.to_time) + %1$L::interval', grain) END,
             width || ' seconds',
             CASE source WHEN 'rolled_days' THEN $d$date_trunc('day', raw.bucket, spot.time_zone)$d$
                         ELSE format('time_bucket(%L::interval, raw.bucket)', grain) END,
             CASE source WHEN 'rolled_hours' THEN '1 hour' ELSE '15 minutes' END)
    END,
    bucket,
    CASE aggregate
        WHEN 'sum' THEN 'sum(parts.sum) FILTER (WHERE parts.class = 1)'
        WHEN 'maximum' THEN 'max(parts.maximum) FILTER (WHERE parts.class = 1)'
        WHEN 'last' THEN 'last(parts.last, parts.bucket) FILTER (WHERE parts.class = 1)'
        WHEN 'vector' THEN $v$rolled_value('vector', sum(parts.count) FILTER (WHERE parts.class = 1), 0, 0,
            sum(parts.east) FILTER (WHERE parts.class = 1), sum(parts.north) FILTER (WHERE parts.class = 1), 0)$v$
        ELSE 'sum(parts.sum) FILTER (WHERE parts.class = 1) / nullif(sum(parts.count) FILTER (WHERE parts.class = 1), 0)'
    END)
    USING stations, of_quantity, from_time, to_time, of_level, open;
END $$;
REVOKE EXECUTE ON FUNCTION chart.bucketed FROM PUBLIC;

CREATE FUNCTION chart.series(
    stations text[], quantity text, from_time timestamptz, to_time timestamptz, width interval, level text DEFAULT NULL
) RETURNS TABLE ("time" timestamptz, station text, name text, level text, value float8, minimum float8, maximum float8,
                 readings bigint, doubtful float8, doubtful_readings bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM chart.bucketed(stations, quantity, from_time, to_time, width, level, false)
$$;

-- FOR EVERYONE OUTSIDE THE DEPARTMENT: no farms and what lies in them, no people, no gateways.

CREATE VIEW chart_public.quantity AS SELECT * FROM chart.quantity;
CREATE VIEW chart_public.commune AS SELECT * FROM chart.commune;
CREATE VIEW chart_public.station AS
SELECT station, name, commune, commune_name, longitude, latitude, elevation, time_zone, heard, datastreams, level,
       alerts, hazard, rule
FROM chart.station WHERE NOT private;
CREATE VIEW chart_public.latest AS
SELECT station, name, commune, commune_name, quantity, level, time, value, quality
FROM chart.latest WHERE NOT private AND quantity NOT IN ('battery_voltage', 'battery_level', 'signal_strength',
                                                         'enclosure_temperature');
CREATE VIEW chart_public.index_value AS
SELECT place, name, kind, commune, commune_name, index, basis, issued, time, value, completeness
FROM chart.index_value WHERE NOT private AND season = 0;
CREATE VIEW chart_public.alert AS
SELECT alert, rule, hazard, place, name, kind, commune, commune_name, longitude, latitude, basis, state, level, time,
       time_end, text_vi, text_en, category, article
FROM chart.alert WHERE NOT private AND hazard <> 'network';
CREATE VIEW chart_public.title AS SELECT * FROM chart.title;
CREATE FUNCTION chart_public.series(
    stations text[], quantity text, from_time timestamptz, to_time timestamptz, width interval, level text DEFAULT NULL
) RETURNS TABLE ("time" timestamptz, station text, name text, level text, value float8, minimum float8, maximum float8,
                 readings bigint, doubtful float8, doubtful_readings bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM chart.bucketed(stations, quantity, from_time, to_time, width, level, true)
$$;
REVOKE EXECUTE ON FUNCTION chart.series, chart_public.series, chart.sizes, chart.connections FROM PUBLIC;

-- Who may: 90_rights.sql makes the roles. Where they stand already their rights return with the views, without a gap.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'chart_reader') THEN
        GRANT USAGE ON SCHEMA chart TO chart_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA chart TO chart_reader;
        GRANT EXECUTE ON FUNCTION chart.series, chart.sizes, chart.connections TO chart_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'chart_public_reader') THEN
        GRANT USAGE ON SCHEMA chart_public TO chart_public_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA chart_public TO chart_public_reader;
        GRANT EXECUTE ON FUNCTION chart_public.series TO chart_public_reader;
    END IF;
END $$;
