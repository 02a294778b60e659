-- Who agreed and who withdrew, when, how, and who wrote it down: added to, never changed. Table consent says what holds now.
CREATE TABLE consent_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscriber bigint NOT NULL REFERENCES subscriber,
    kind text NOT NULL CHECK (kind IN ('given', 'withdrawn')),
    at timestamptz NOT NULL, -- event time at which the person said so
    source text NOT NULL,    -- paper, sms, web, office, ...
    text_version text NOT NULL DEFAULT '',
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp() -- real time
);
CREATE INDEX consent_event_subscriber ON consent_event (subscriber, at);

INSERT INTO consent_event (subscriber, kind, at, source, text_version, recorded_by)
SELECT subscriber, kind, at, source, text_version, recorded_by
FROM consent CROSS JOIN LATERAL (VALUES ('given', given_at, channel), ('withdrawn', withdrawn_at, withdrawn_channel))
    AS said (kind, at, source)
WHERE at IS NOT NULL ORDER BY at;

-- Who was stopped without ever having agreed left no trace of when: from now on at the latest.
INSERT INTO consent_event (subscriber, kind, at, source, recorded_by)
SELECT id, 'withdrawn', clock_timestamp(), 'unknown', 'migration' FROM subscriber
WHERE state <> 'active' AND NOT EXISTS (SELECT FROM consent WHERE consent.subscriber = subscriber.id AND withdrawn_at IS NOT NULL);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only added to', TG_TABLE_NAME;
END $$;
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE ON consent_event FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Erased people: a digest, so that a list that still has their number does not bring them back. Nothing else is kept of it.
-- The key is of this installation alone; who holds both can still try every number, so it stands among the personal data.
CREATE TABLE personal.refusal_key (key bytea NOT NULL);
INSERT INTO personal.refusal_key
SELECT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');

CREATE TABLE personal.refusal (
    digest bytea NOT NULL,
    at timestamptz NOT NULL, -- event time of the erasure
    PRIMARY KEY (digest, at)
);

CREATE FUNCTION personal.address_digest(kind text, address text) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(key || convert_to(kind || ':' || address, 'UTF8')) FROM personal.refusal_key
$$;
