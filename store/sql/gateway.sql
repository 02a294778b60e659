-- Gateways: the registry, births, status, what they are told.

-- name: add
INSERT INTO gateway (code, name) VALUES (%(code)s, %(name)s) RETURNING id;

-- name: id_of
SELECT id FROM gateway WHERE code = %(code)s;

-- name: give
-- Give a station to a gateway: from the beginning if it is the first to have it, else from now on; says whose it was.
WITH chosen AS (
    SELECT gateway.id AS gateway, place.id AS station FROM gateway, place
    WHERE gateway.code = %(gateway)s AND place.code = %(station)s AND place.kind = 'station'
), former AS (
    UPDATE gateway_station SET valid_to = %(now)s
    FROM chosen
    WHERE gateway_station.station = chosen.station AND gateway_station.gateway <> chosen.gateway
      AND gateway_station.valid_to = 'infinity'
    RETURNING gateway_station.gateway
), given AS (
    INSERT INTO gateway_station (gateway, station, valid_from)
    SELECT gateway, station,
           CASE WHEN EXISTS (SELECT FROM gateway_station AS other WHERE other.station = chosen.station)
                THEN %(now)s ELSE '-infinity'::timestamptz END
    FROM chosen
    WHERE NOT EXISTS (SELECT FROM gateway_station AS own WHERE own.station = chosen.station
                      AND own.gateway = chosen.gateway AND own.valid_to = 'infinity')
    RETURNING station
)
SELECT (SELECT gateway.code FROM former JOIN gateway ON gateway.id = former.gateway) FROM chosen;

-- name: registry
SELECT id, code, revoked FROM gateway;

-- name: stations
-- The stations of every gateway now; `api` may speak for all of them.
SELECT place.code AS station, place.id, gateway.code AS gateway
FROM place
LEFT JOIN gateway_station ON gateway_station.station = place.id
    AND gateway_station.valid_from <= %(now)s AND gateway_station.valid_to > %(now)s
LEFT JOIN gateway ON gateway.id = gateway_station.gateway
WHERE place.kind = 'station';

-- name: datastreams
SELECT datastream.id, place.code, datastream.quantity, datastream.level, datastream.basis,
       datastream.properties ->> 'minimum', datastream.properties ->> 'maximum', datastream.interval_seconds
FROM datastream JOIN place ON place.id = datastream.place;

-- name: datastreams_of
SELECT datastream.id, place.code, datastream.quantity, datastream.level, datastream.basis,
       datastream.properties ->> 'minimum', datastream.properties ->> 'maximum', datastream.interval_seconds
FROM datastream JOIN place ON place.id = datastream.place
WHERE place.id = ANY(%(stations)s);

-- name: high_water
SELECT datastream_id, phenomenon_time FROM latest;

-- name: listed
SELECT gateway.code, gateway.name, gateway.revoked,
       gateway.birth ->> 'firmware' AS firmware, gateway.status ->> 'online' AS online,
       gateway.status_at, gateway.status -> 'waiting' AS waiting, gateway.status -> 'dropped' AS dropped,
       gateway.status,
       coalesce((SELECT array_agg(place.code ORDER BY place.code) FROM gateway_station
                 JOIN place ON place.id = gateway_station.station
                 WHERE gateway_station.gateway = gateway.id AND gateway_station.valid_to = 'infinity'), '{}') AS stations
FROM gateway
WHERE %(code)s::text IS NULL OR gateway.code = %(code)s
ORDER BY gateway.code;

-- name: born
UPDATE gateway SET birth = %(birth)s WHERE id = %(gateway)s AND birth IS DISTINCT FROM %(birth)s::jsonb RETURNING id;

-- name: bear
-- Datastreams of a birth, for the stations that an operator gave to the gateway.
INSERT INTO datastream (place, quantity, level, interval_seconds, basis)
SELECT * FROM unnest(%(place)s::int[], %(quantity)s::text[], %(level)s::text[], %(interval)s::float8[],
                     %(basis)s::text[]) AS born (place, quantity, level, interval_seconds, basis)
ON CONFLICT (place, quantity, level) DO UPDATE
    SET interval_seconds = excluded.interval_seconds, basis = excluded.basis
    WHERE (datastream.interval_seconds, datastream.basis) IS DISTINCT FROM (excluded.interval_seconds, excluded.basis);

-- name: deploy
-- Deployments of a birth: a sensor that is no longer the same ends the former one and begins another.
WITH born AS (
    SELECT datastream.id AS datastream, sensor_model, serial, height
    FROM unnest(%(place)s::int[], %(quantity)s::text[], %(level)s::text[], %(sensor_model)s::text[],
                %(serial)s::text[], %(height)s::float8[])
         AS said (place, quantity, level, sensor_model, serial, height)
    JOIN datastream USING (place, quantity, level)
    WHERE sensor_model <> '' OR serial <> '' OR height IS NOT NULL
), changed AS (
    SELECT born.* FROM born
    LEFT JOIN deployment ON deployment.datastream = born.datastream AND deployment.valid_to = 'infinity'
    WHERE deployment.id IS NULL
       OR ((deployment.sensor_model, deployment.serial, deployment.height)
           IS DISTINCT FROM (born.sensor_model, born.serial, born.height) AND deployment.valid_from < %(time)s)
), ended AS (
    UPDATE deployment SET valid_to = %(time)s
    FROM changed
    WHERE deployment.datastream = changed.datastream AND deployment.valid_to = 'infinity'
)
INSERT INTO deployment (datastream, sensor_model, serial, height, valid_from)
SELECT datastream, sensor_model, serial, height, %(time)s FROM changed;

-- name: status
UPDATE gateway SET status = said.status::jsonb, status_at = %(at)s
FROM unnest(%(code)s::text[], %(status)s::text[]) AS said (code, status)
WHERE gateway.code = said.code;

-- name: commands_waiting
SELECT command.id::text AS id, gateway.code, command.action, command.arguments, command.expires
FROM command JOIN gateway ON gateway.id = command.gateway
WHERE command.published_at IS NULL AND command.outcome IS NULL AND NOT gateway.revoked
ORDER BY command.ordered_at;

-- name: command_published
UPDATE command SET published_at = clock_timestamp() WHERE id = %(id)s::uuid;

-- name: command_expired
UPDATE command SET outcome = 'expired', detail = 'not published before it expired', replied_at = %(at)s
WHERE id = %(id)s::uuid AND outcome IS NULL;

-- name: replied
UPDATE command SET outcome = %(outcome)s, detail = %(detail)s, replied_at = %(time)s
FROM gateway
WHERE command.id::text = %(id)s AND gateway.id = command.gateway AND gateway.code = %(gateway)s
  AND (command.outcome IS NULL OR %(outcome)s <> 'repeated');

-- name: configs_waiting
SELECT gateway_config.gateway, gateway.code, gateway_config.revision, gateway_config.toml
FROM gateway_config JOIN gateway ON gateway.id = gateway_config.gateway
WHERE gateway_config.published_at IS NULL AND NOT gateway.revoked
  AND gateway_config.revision = (SELECT max(revision) FROM gateway_config AS other
                                 WHERE other.gateway = gateway_config.gateway);

-- name: config_published
UPDATE gateway_config SET published_at = clock_timestamp()
WHERE gateway = %(gateway)s AND revision <= %(revision)s AND published_at IS NULL;

-- name: configured
UPDATE gateway_config SET outcome = %(outcome)s, reasons = %(reasons)s, reported_at = %(time)s
FROM gateway
WHERE gateway.id = gateway_config.gateway AND gateway.code = %(gateway)s AND revision = %(revision)s;

-- name: order
INSERT INTO command (gateway, action, arguments, who, ordered_at, expires)
SELECT id, %(action)s, %(arguments)s, %(who)s, %(now)s, %(expires)s FROM gateway WHERE code = %(gateway)s
RETURNING id::text;

-- name: configure
INSERT INTO gateway_config (gateway, revision, toml, who, desired_at)
SELECT gateway.id, 1 + coalesce((SELECT max(revision) FROM gateway_config WHERE gateway_config.gateway = gateway.id), 0),
       %(toml)s, %(who)s, %(now)s
FROM gateway WHERE gateway.code = %(gateway)s
RETURNING revision;

-- name: revoke
UPDATE gateway SET revoked = true WHERE code = %(code)s RETURNING id;

-- name: restore
UPDATE gateway SET revoked = false WHERE code = %(code)s RETURNING id;

-- name: gaps
-- Sequences that never came and were not declared as dropped, by gateway, boot and stream.
WITH span AS (
    SELECT gateway, boot, stream, min(sequence) AS first, max(sequence) AS last, count(*) AS came, max(id) AS newest
    FROM batch WHERE sequence >= 0
    GROUP BY gateway, boot, stream
)
SELECT gateway.code, span.boot, span.stream, span.last - span.first + 1 - span.came AS missing,
       coalesce((SELECT sum(dropped.last_sequence - dropped.first_sequence + 1) FROM dropped
                 WHERE dropped.gateway = span.gateway AND dropped.boot = span.boot AND dropped.stream = span.stream),
                0)::bigint AS declared,
       span.first, span.last
FROM span JOIN gateway ON gateway.id = span.gateway
WHERE (%(code)s::text IS NULL OR gateway.code = %(code)s)
  AND span.last - span.first + 1 > span.came
ORDER BY gateway.code, span.newest;

-- name: declared
SELECT gateway.code, coalesce(sum(dropped.readings), 0)::bigint AS readings
FROM dropped JOIN gateway ON gateway.id = dropped.gateway
WHERE %(code)s::text IS NULL OR gateway.code = %(code)s
GROUP BY gateway.code;

-- name: audit
INSERT INTO audit (who, action, subject, detail) VALUES (%(who)s, %(action)s, %(subject)s, %(detail)s);

-- name: outcome
SELECT outcome, detail FROM command WHERE id = %(id)s::uuid AND outcome IS NOT NULL

-- name: orders
SELECT command.ordered_at AS at, command.action AS what,
       CASE WHEN command.outcome IS NULL AND command.published_at IS NOT NULL AND command.expires < %(now)s
            THEN 'no answer' ELSE command.outcome END AS outcome,
       CASE WHEN command.outcome IS NULL AND command.published_at IS NOT NULL AND command.expires < %(now)s
            THEN 'it was sent, has expired, and the gateway did not say what became of it' ELSE command.detail END AS detail,
       command.who
FROM command JOIN gateway ON gateway.id = command.gateway WHERE gateway.code = %(gateway)s
UNION ALL
SELECT gateway_config.desired_at, 'configuration ' || gateway_config.revision, gateway_config.outcome,
       coalesce((SELECT string_agg(reason, '; ') FROM jsonb_array_elements_text(gateway_config.reasons) AS reason), ''),
       gateway_config.who
FROM gateway_config JOIN gateway ON gateway.id = gateway_config.gateway WHERE gateway.code = %(gateway)s
ORDER BY at DESC LIMIT 100;
