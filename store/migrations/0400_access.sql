-- Access: who may see and do what. Places below a farm are private to its members; everything else is open.
ALTER TABLE place ADD COLUMN private boolean NOT NULL DEFAULT false;

CREATE FUNCTION place_keep_private() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.private := NEW.kind IN ('farm', 'field', 'barn', 'pond')
        OR coalesce((SELECT private FROM place WHERE id = NEW.parent), false);
    RETURN NEW;
END $$;
CREATE TRIGGER place_private BEFORE INSERT OR UPDATE OF parent, kind ON place
    FOR EACH ROW EXECUTE FUNCTION place_keep_private();

CREATE FUNCTION place_tell_children() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE place SET parent = parent WHERE parent = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER place_private_children AFTER UPDATE OF kind ON place FOR EACH ROW
    WHEN (OLD.private IS DISTINCT FROM NEW.private) EXECUTE FUNCTION place_tell_children();
UPDATE place SET kind = kind;

-- The one fragment of row scope: every query that shows rows to somebody reads places through it, with three
-- parameters that say who asks: everything (all places), roots (these places and all below), open (what is not private).
CREATE FUNCTION visible_place(everything boolean, roots int[], open boolean)
RETURNS SETOF place LANGUAGE sql STABLE AS $$
    SELECT * FROM place
    WHERE visible_place.everything
       OR (visible_place.open AND NOT place.private)
       OR place.path && visible_place.roots
$$;

CREATE TABLE account (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
    title text NOT NULL DEFAULT '', -- how people call it
    password text, -- argon2 hash; NULL: nobody signs in with a password
    issuer text, subject text, -- of an OIDC token
    disabled boolean NOT NULL DEFAULT false,
    failures int NOT NULL DEFAULT 0, -- wrong passwords in a row
    locked_until timestamptz, -- real time
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- real time
    UNIQUE (issuer, subject)
);

CREATE TABLE membership (
    account int NOT NULL REFERENCES account ON DELETE CASCADE,
    place int REFERENCES place, -- this place and all below; NULL: everywhere
    role text NOT NULL CHECK (role IN ('farmer', 'officer', 'agronomist', 'department', 'gateway', 'administrator')),
    UNIQUE NULLS NOT DISTINCT (account, place, role)
);

-- 32 random bytes; only their SHA-256 is kept, which is enough for a key that nobody can guess.
CREATE TABLE api_key (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    prefix text NOT NULL UNIQUE, -- what may stand in lists and logs
    sha256 bytea NOT NULL UNIQUE,
    account int NOT NULL REFERENCES account ON DELETE CASCADE,
    label text NOT NULL DEFAULT '',
    scopes text[] NOT NULL DEFAULT '{read}', -- at most what the account's roles allow
    per_minute int NOT NULL DEFAULT 600 CHECK (per_minute > 0), -- requests
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- real time, as all here
    expires_at timestamptz,
    revoked_at timestamptz,
    used_at timestamptz
);
CREATE INDEX api_key_account ON api_key (account);

-- A person signed in with a browser: the cookie's SHA-256.
CREATE TABLE session (
    sha256 bytea PRIMARY KEY,
    account int NOT NULL REFERENCES account ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_account ON session (account);
CREATE INDEX audit_subject ON audit (subject, at DESC);
