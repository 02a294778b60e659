-- Stations that report no more, and those that never did by themselves.

-- When a station stopped for good: an operator's word, else when the last of its sensors, or of the gateways that read it, was
-- taken away; NULL where neither is known.
CREATE OR REPLACE FUNCTION station_ended(station int) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp PARALLEL SAFE RETURN (
    SELECT coalesce(
        CASE WHEN pg_input_is_valid(place.properties ->> 'ended', 'date')
             THEN (place.properties ->> 'ended')::date::timestamp AT TIME ZONE place.time_zone END,
        (SELECT max(deployment.valid_to) FROM deployment JOIN datastream ON datastream.id = deployment.datastream
         WHERE datastream.place = place.id HAVING max(deployment.valid_to) < 'infinity'),
        (SELECT max(given.valid_to) FROM gateway_station AS given
         WHERE given.station = place.id HAVING max(given.valid_to) < 'infinity'))
    FROM place WHERE place.id = station);

-- Whether all that is newest of a station came from files, and no gateway has it: a record, from which nothing is expected.
CREATE OR REPLACE FUNCTION station_recorded(station int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp PARALLEL SAFE RETURN (
    SELECT count(*) > 0 AND coalesce(bool_and(batch.stream = 'import'), false)
       AND NOT EXISTS (SELECT FROM gateway_station AS given WHERE given.station = station_recorded.station
                       AND given.valid_to = 'infinity')
    FROM datastream JOIN latest ON latest.datastream_id = datastream.id LEFT JOIN batch ON batch.id = latest.batch_id
    WHERE datastream.place = station_recorded.station);
