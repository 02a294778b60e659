-- A time zone that PostgreSQL does not know, at one place, stopped analytics at every place: whoever writes it is refused.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT time_zone, string_agg(code, ', ' ORDER BY code) AS codes FROM place GROUP BY time_zone LOOP
        BEGIN
            PERFORM timezone(one.time_zone, now());
        EXCEPTION WHEN invalid_parameter_value THEN
            RAISE EXCEPTION 'time zone "%" of % is none: UPDATE place SET time_zone to an IANA name there, then migrate again',
                one.time_zone, one.codes;
        END;
    END LOOP;
END $$;
ALTER TABLE place ADD CONSTRAINT place_time_zone_check CHECK (timezone(time_zone, '2000-01-01Z'::timestamptz) IS NOT NULL);
