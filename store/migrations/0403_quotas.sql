-- Quotas: how much a key may ask in a day (UTC, real time), counted over every process of the API.
ALTER TABLE api_key ADD COLUMN per_day int NOT NULL DEFAULT 100000 CHECK (per_day > 0); -- requests

CREATE TABLE key_usage (
    api_key int NOT NULL REFERENCES api_key ON DELETE CASCADE,
    day date NOT NULL, -- UTC
    requests bigint NOT NULL,
    PRIMARY KEY (api_key, day)
);
