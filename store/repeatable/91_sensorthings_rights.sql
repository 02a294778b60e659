-- What the API's role needs besides: SensorThings clients create, change and delete sensors and datastreams. The triggers
-- that keep sensors and former locations act for whoever writes deployments and places.
ALTER FUNCTION deployment_names_sensor() SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION place_remembers_location() SECURITY DEFINER SET search_path = public, pg_temp;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nongvu_api') THEN
        GRANT INSERT, UPDATE, DELETE ON sensor, datastream, deployment TO nongvu_api;
    END IF;
END $$;
