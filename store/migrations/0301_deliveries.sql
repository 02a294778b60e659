-- Deliveries: steps are put into bundles, bundles are expanded to one message a person, messages are claimed, sent, settled.
CREATE TABLE bundle (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    commune int NOT NULL REFERENCES place, -- or what lies next above the alert's place where there is no commune
    hazard text NOT NULL,
    kind text NOT NULL,  -- of its steps
    level int NOT NULL,  -- the highest of its steps
    at timestamptz NOT NULL,      -- event time at which it was closed
    expires timestamptz NOT NULL, -- event time
    closed_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- real time: spaces the bundles of one key
    outcome text NOT NULL DEFAULT 'expanded' CHECK (outcome IN ('expanded', 'stale', 'inhibited', 'nobody')),
    exercise boolean NOT NULL DEFAULT false
);
CREATE INDEX bundle_key ON bundle (commune, hazard, kind, id DESC);

CREATE TABLE bundle_step (
    step bigint PRIMARY KEY REFERENCES alert_step,
    bundle bigint NOT NULL REFERENCES bundle
);
CREATE INDEX bundle_step_bundle ON bundle_step (bundle);

CREATE TABLE delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    about text NOT NULL, -- 'bundle:7', 'bulletin:3', 'inbound:9', 'test:…': with subscriber and rung what makes it the only one
    bundle bigint REFERENCES bundle,
    subscriber bigint REFERENCES subscriber, -- none: an answer to somebody who has not subscribed
    rung int NOT NULL DEFAULT 0, -- of the ladder: 0 the first message, 1 the repeat, ...
    kind text NOT NULL CHECK (kind IN ('phone', 'email', 'webhook', 'chat')),
    place int REFERENCES place, -- the commune; with hazard, what the cost ledger sums by
    hazard text NOT NULL DEFAULT '',
    level int NOT NULL DEFAULT 0,
    language text NOT NULL,
    title text NOT NULL DEFAULT '', -- of an e-mail
    text text NOT NULL,             -- as it is sent: accents kept or not, one segment where it can be
    long text NOT NULL DEFAULT '',  -- for routes without segments
    coding text NOT NULL DEFAULT '' CHECK (coding IN ('', 'gsm7', 'ucs2')),
    segments int NOT NULL DEFAULT 1,
    at timestamptz NOT NULL,        -- event time at which it was made
    expires timestamptz NOT NULL,   -- event time
    state text NOT NULL DEFAULT 'queued' CHECK (state IN (
        'queued', 'held', 'sending', 'sent', 'delivered', 'failed', 'expired', 'doubtful', 'capped', 'withdrawn')),
    retry_at timestamptz NOT NULL DEFAULT '-infinity', -- real time
    attempts int NOT NULL DEFAULT 0,
    route text,
    refused_by text[] NOT NULL DEFAULT '{}', -- routes that could not take it this round
    worker int,
    claimed_at timestamptz, -- real time
    sent_at timestamptz,    -- event time
    handed_at timestamptz,  -- real time
    cost numeric(14, 2) NOT NULL DEFAULT 0,
    detail text NOT NULL DEFAULT '',
    UNIQUE (about, subscriber, rung),
    UNIQUE (bundle, subscriber, rung)
) WITH (fillfactor = 70);
CREATE INDEX delivery_queued ON delivery (kind, level DESC, id) WHERE state = 'queued';
CREATE INDEX delivery_sending ON delivery (worker) WHERE state = 'sending';
CREATE INDEX delivery_subscriber ON delivery (subscriber, at DESC);
CREATE INDEX delivery_at ON delivery (at DESC);

-- No step reaches a person twice on the same rung.
CREATE TABLE delivery_step (
    step bigint NOT NULL REFERENCES alert_step,
    subscriber bigint NOT NULL REFERENCES subscriber,
    rung int NOT NULL,
    delivery bigint NOT NULL REFERENCES delivery,
    PRIMARY KEY (step, subscriber, rung)
);
CREATE INDEX delivery_step_delivery ON delivery_step (delivery);

-- What a provider called each part of a message: its receipts name these.
CREATE TABLE delivery_part (
    delivery bigint NOT NULL REFERENCES delivery,
    part int NOT NULL,
    route text NOT NULL,
    provider_id text NOT NULL,
    receipt text, -- delivered, failed: as last told
    receipt_at timestamptz, -- event time
    detail text NOT NULL DEFAULT '',
    PRIMARY KEY (delivery, part)
);
CREATE INDEX delivery_part_provider ON delivery_part (route, provider_id);

-- Where an answer to somebody who has not subscribed goes; deleted when it is settled.
CREATE TABLE personal.answer_address (
    delivery bigint PRIMARY KEY REFERENCES delivery,
    address text NOT NULL
);

CREATE SEQUENCE notify_worker AS int CYCLE;

-- What was spent, on whom and why: by local day, commune, hazard and route.
CREATE VIEW cost_ledger AS
SELECT (delivery.sent_at AT TIME ZONE coalesce(place.time_zone, 'Asia/Ho_Chi_Minh'))::date AS day,
       delivery.place AS commune, delivery.hazard, delivery.route,
       count(*) AS messages, sum(delivery.segments) AS segments, sum(delivery.cost) AS cost
FROM delivery LEFT JOIN place ON place.id = delivery.place
WHERE delivery.state IN ('sent', 'delivered', 'doubtful') AND delivery.sent_at IS NOT NULL
GROUP BY 1, 2, 3, 4;
