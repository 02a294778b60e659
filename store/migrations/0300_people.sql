-- People: who gets messages, about what, and by which consent. Where they can be reached lies in a schema of its own.
CREATE SCHEMA personal;

CREATE TABLE subscriber (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'stopped', 'erased')),
    audience text NOT NULL DEFAULT 'farmer', -- whose advice they read: farmer, officer, radio, technician, ...
    language text NOT NULL DEFAULT 'vi',
    accents boolean NOT NULL DEFAULT true, -- false: the phone cannot show them
    minimum_level int NOT NULL DEFAULT 1,
    hazards text[] NOT NULL DEFAULT '{}', -- empty: every hazard but 'network', which is asked for by name
    crops text[] NOT NULL DEFAULT '{}',   -- empty: whatever is grown
    animals text[] NOT NULL DEFAULT '{}',
    bulletins text[] NOT NULL DEFAULT '{}' CHECK (bulletins <@ '{daily,ten_day}'),
    time_zone text NOT NULL DEFAULT 'Asia/Ho_Chi_Minh',
    quiet_from time, -- local; a message that comes within quiet hours waits for their end
    quiet_to time,
    urgent_level int NOT NULL DEFAULT 3, -- from this level on neither quiet hours nor the cap hold
    daily_cap int NOT NULL DEFAULT 10 CHECK (daily_cap > 0), -- messages in 24 hours
    created_at timestamptz NOT NULL, -- event time
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
);

-- Basic personal data: read by notify alone, gone when erased.
CREATE TABLE personal.contact (
    subscriber bigint PRIMARY KEY REFERENCES subscriber,
    kind text NOT NULL CHECK (kind IN ('phone', 'email', 'webhook', 'chat')),
    address text NOT NULL, -- phone: E.164
    name text NOT NULL DEFAULT '',
    secret text NOT NULL DEFAULT '', -- of a webhook: signs what it gets
    UNIQUE (kind, address)
);

-- Places a subscriber wants to hear about: a commune, a farm, a province; everything below is meant.
CREATE TABLE subscriber_place (
    subscriber bigint NOT NULL REFERENCES subscriber,
    place int NOT NULL REFERENCES place,
    PRIMARY KEY (subscriber, place)
);
CREATE INDEX subscriber_place_place ON subscriber_place (place);

-- Law 91/2025/QH15 asks to prove who agreed to what, when and how; a withdrawal ends a record, the next begins another.
CREATE TABLE consent (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscriber bigint NOT NULL REFERENCES subscriber,
    text_version text NOT NULL,
    given_at timestamptz NOT NULL, -- event time
    channel text NOT NULL,         -- paper, sms, web, meeting, import, ...
    recorded_by text NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_channel text,
    CHECK ((withdrawn_at IS NULL) = (withdrawn_channel IS NULL))
);
CREATE UNIQUE INDEX consent_standing ON consent (subscriber) WHERE withdrawn_at IS NULL;
CREATE INDEX consent_subscriber ON consent (subscriber);
