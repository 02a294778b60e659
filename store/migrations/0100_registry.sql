-- Registry: ingest hears at once of gateways, stations and datastreams that were added or changed, of what is to be
-- said to gateways, and finds what a registration cures.
CREATE FUNCTION tell_registry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('registry', '');
    RETURN NULL;
END $$;
CREATE TRIGGER gateway_registry AFTER INSERT OR DELETE OR UPDATE OF code, revoked ON gateway
    FOR EACH STATEMENT EXECUTE FUNCTION tell_registry();
CREATE TRIGGER gateway_station_registry AFTER INSERT OR DELETE OR UPDATE ON gateway_station
    FOR EACH STATEMENT EXECUTE FUNCTION tell_registry();
CREATE TRIGGER place_registry AFTER INSERT OR DELETE OR UPDATE OF code, kind ON place
    FOR EACH STATEMENT EXECUTE FUNCTION tell_registry();
CREATE TRIGGER datastream_registry AFTER INSERT OR DELETE OR UPDATE ON datastream
    FOR EACH STATEMENT EXECUTE FUNCTION tell_registry();

CREATE FUNCTION tell_gateway() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gateway', '');
    RETURN NULL;
END $$;
CREATE TRIGGER command_gateway_told AFTER INSERT ON command FOR EACH STATEMENT EXECUTE FUNCTION tell_gateway();
CREATE TRIGGER gateway_config_told AFTER INSERT ON gateway_config FOR EACH STATEMENT EXECUTE FUNCTION tell_gateway();
CREATE INDEX command_waiting ON command (ordered_at) WHERE published_at IS NULL;
CREATE INDEX gateway_config_waiting ON gateway_config (gateway) WHERE published_at IS NULL;

-- What may be cured, by gateway.
CREATE INDEX set_aside_curable ON set_aside (gateway, id)
    WHERE replayed_at IS NULL AND reason IN ('unknown_station', 'unknown_datastream', 'foreign_station');
CREATE INDEX set_aside_received ON set_aside (received_at DESC);
