-- stopped: analytics, notify, api
-- What at a place is spoken of: a season of a crop, a product at a market, a species in a barn, a crop of a commune. `season`
-- is the first kind of subject and shares its ids; 0 stays "the place itself". No table of values refers to it by a foreign
-- key, since 0 is no row.
CREATE SEQUENCE subject_id AS int;
CREATE TABLE subject (
    id int PRIMARY KEY DEFAULT nextval('subject_id'),
    place int NOT NULL REFERENCES place,
    kind text NOT NULL CHECK (kind IN ('season', 'product', 'species', 'crop')),
    code text NOT NULL,
    grade text NOT NULL DEFAULT '',
    stage text NOT NULL DEFAULT '', -- of trade or growth, as its kind says
    unit text NOT NULL DEFAULT '',
    private boolean NOT NULL DEFAULT false,
    valid_from date NOT NULL DEFAULT '-infinity',
    valid_to date NOT NULL DEFAULT 'infinity', -- the last day
    CHECK (valid_from <= valid_to)
);
ALTER SEQUENCE subject_id OWNED BY subject.id;
CREATE INDEX subject_place ON subject (place, kind, code);

INSERT INTO subject (id, place, kind, code, valid_from, valid_to)
SELECT id, place, 'season', crop, sown, coalesce(ended, 'infinity') FROM season;
SELECT setval('subject_id', greatest((SELECT coalesce(max(id), 0) FROM subject), 1), (SELECT count(*) > 0 FROM subject));

-- A season is a row of both tables with one id; whoever writes the season writes its subject.
ALTER TABLE season ALTER COLUMN id DROP IDENTITY;
ALTER TABLE season ADD CONSTRAINT season_subject FOREIGN KEY (id) REFERENCES subject;

CREATE FUNCTION season_subject() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO subject (place, kind, code, valid_from, valid_to)
        VALUES (NEW.place, 'season', NEW.crop, NEW.sown, coalesce(NEW.ended, 'infinity')) RETURNING id INTO NEW.id;
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        UPDATE subject SET place = NEW.place, code = NEW.crop, valid_from = NEW.sown,
                           valid_to = coalesce(NEW.ended, 'infinity')
        WHERE id = NEW.id;
        RETURN NEW;
    END IF;
    DELETE FROM subject WHERE id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER season_subject_before BEFORE INSERT OR UPDATE OF place, crop, sown, ended ON season
    FOR EACH ROW EXECUTE FUNCTION season_subject();
CREATE TRIGGER season_subject_after AFTER DELETE ON season FOR EACH ROW EXECUTE FUNCTION season_subject();

-- What a value of a datastream speaks for: `period` seconds that begin or end at its time; without a row, or with 0, the
-- instant. Dated, since a station that reported by the day may report by the hour from a day on.
CREATE TABLE datastream_period (
    datastream int NOT NULL REFERENCES datastream ON DELETE CASCADE,
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    period double precision NOT NULL CHECK (period >= 0), -- s
    stamp text NOT NULL CHECK (stamp IN ('begin', 'end', 'instant')),
    PRIMARY KEY (datastream, valid_from),
    CHECK ((stamp = 'instant') = (period = 0))
);
