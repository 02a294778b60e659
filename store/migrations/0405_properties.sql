-- Properties: the catalogue says which numbers may be given of places and seasons; a change is computed anew.
ALTER TABLE catalogue DROP CONSTRAINT catalogue_kind_check;
ALTER TABLE catalogue ADD CONSTRAINT catalogue_kind_check
    CHECK (kind IN ('quantity', 'index', 'rule', 'crop', 'property', 'sensor_model'));

-- Whoever changes where a place lies or what is known of it, by whatever way, marks it and all that inherit from it.
CREATE FUNCTION place_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_places(array_agg(below.id), '-infinity', 'infinity', 'place') FROM place AS below
    WHERE below.path @> ARRAY[NEW.id] AND EXISTS (SELECT FROM spoken_for WHERE spoken_for.place = below.id)
      AND (below.id = NEW.id OR OLD.properties <> NEW.properties)
    HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER place_changed AFTER UPDATE OF longitude, latitude, elevation, time_zone, properties ON place FOR EACH ROW
    WHEN ((OLD.longitude, OLD.latitude, OLD.elevation, OLD.time_zone, OLD.properties)
          IS DISTINCT FROM (NEW.longitude, NEW.latitude, NEW.elevation, NEW.time_zone, NEW.properties))
    EXECUTE FUNCTION place_changed();
