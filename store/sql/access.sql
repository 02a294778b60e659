-- Access: accounts, memberships, keys, sessions, audit.

-- name: add_account
INSERT INTO account (name, title, password, issuer, subject)
VALUES (%(name)s, %(title)s, %(password)s, %(issuer)s, %(subject)s) RETURNING id

-- name: accounts
SELECT account.name, account.title, account.disabled, account.locked_until, account.issuer,
       account.password IS NOT NULL AS has_password,
       coalesce(array_agg(membership.role || '@' || coalesce(place.code, '*') ORDER BY membership.role, place.code)
                FILTER (WHERE membership.role IS NOT NULL), '{}') AS roles
FROM account LEFT JOIN membership ON membership.account = account.id LEFT JOIN place ON place.id = membership.place
GROUP BY account.id ORDER BY account.name

-- name: set_password
UPDATE account SET password = %(password)s, failures = 0, locked_until = NULL WHERE name = %(name)s RETURNING id

-- name: set_disabled
UPDATE account SET disabled = %(disabled)s, failures = 0, locked_until = NULL WHERE name = %(name)s RETURNING id

-- name: forget_sessions
DELETE FROM session USING account WHERE account.id = session.account AND account.name = %(name)s

-- name: grant
INSERT INTO membership (account, place, role)
SELECT account.id, place.id, %(role)s FROM account LEFT JOIN place ON place.code = %(place)s::text
WHERE account.name = %(name)s AND (%(place)s::text IS NULL OR place.id IS NOT NULL)
ON CONFLICT DO NOTHING RETURNING account

-- name: withdraw
DELETE FROM membership USING account
WHERE account.id = membership.account AND account.name = %(name)s AND membership.role = %(role)s
  AND membership.place IS NOT DISTINCT FROM (SELECT id FROM place WHERE code = %(place)s::text) RETURNING account

-- name: memberships
SELECT membership.role, membership.place FROM membership WHERE membership.account = %(account)s

-- name: add_key
INSERT INTO api_key (prefix, sha256, account, label, scopes, per_minute, per_day, expires_at)
SELECT %(prefix)s, %(sha256)s, id, %(label)s, %(scopes)s, %(per_minute)s, %(per_day)s, %(expires_at)s FROM account
WHERE name = %(name)s RETURNING id

-- name: keys
SELECT api_key.prefix, account.name AS account, api_key.label, api_key.scopes, api_key.per_minute, api_key.per_day, api_key.created_at,
       api_key.expires_at, api_key.revoked_at, api_key.used_at
FROM api_key JOIN account ON account.id = api_key.account ORDER BY account.name, api_key.created_at

-- name: key_by_prefix
SELECT api_key.prefix, account.name, api_key.label, api_key.scopes, api_key.per_minute, api_key.per_day, api_key.expires_at,
       api_key.created_at
FROM api_key JOIN account ON account.id = api_key.account
WHERE api_key.prefix = %(prefix)s AND api_key.revoked_at IS NULL

-- name: end_key
UPDATE api_key SET expires_at = least(coalesce(expires_at, 'infinity'), %(expires_at)s) WHERE prefix = %(prefix)s

-- name: revoke_key
UPDATE api_key SET revoked_at = clock_timestamp() WHERE prefix = %(prefix)s AND revoked_at IS NULL RETURNING id

-- name: account_of_key
SELECT account.id, account.name, api_key.prefix, api_key.scopes, api_key.per_minute, api_key.per_day
FROM api_key JOIN account ON account.id = api_key.account
WHERE api_key.sha256 = %(sha256)s AND api_key.revoked_at IS NULL AND NOT account.disabled
  AND (api_key.expires_at IS NULL OR api_key.expires_at > clock_timestamp())

-- name: key_used
UPDATE api_key SET used_at = clock_timestamp()
WHERE prefix = %(prefix)s AND (used_at IS NULL OR used_at < clock_timestamp() - interval '1 minute')

-- name: use_key
-- Requests of the day (UTC, real time), and how long [s] it lasts.
INSERT INTO key_usage (api_key, day, requests)
SELECT id, (clock_timestamp() AT TIME ZONE 'UTC')::date, %(requests)s FROM api_key WHERE prefix = %(prefix)s
ON CONFLICT (api_key, day) DO UPDATE SET requests = key_usage.requests + excluded.requests
RETURNING requests,
    extract(epoch FROM ((key_usage.day + 1)::timestamp AT TIME ZONE 'UTC') - clock_timestamp())::float8 AS left

-- name: account_of_session
SELECT account.id, account.name, account.title FROM session JOIN account ON account.id = session.account
WHERE session.sha256 = %(sha256)s AND session.expires_at > clock_timestamp() AND NOT account.disabled

-- name: account_of_subject
SELECT account.id, account.name FROM account
WHERE account.issuer = %(issuer)s AND account.subject = %(subject)s AND NOT account.disabled

-- name: signing_in
SELECT id, name, password, coalesce(locked_until > clock_timestamp(), false) AS locked
FROM account WHERE name = %(name)s AND NOT disabled AND password IS NOT NULL

-- name: failed
UPDATE account SET failures = failures + 1,
    locked_until = CASE WHEN failures + 1 >= %(most)s THEN clock_timestamp() + interval '15 minutes' END
WHERE id = %(account)s RETURNING failures

-- name: signed_in
UPDATE account SET failures = 0, locked_until = NULL
WHERE id = %(account)s AND NOT disabled AND coalesce(locked_until <= clock_timestamp(), true) RETURNING id

-- name: open_session
INSERT INTO session (sha256, account, expires_at)
VALUES (%(sha256)s, %(account)s, clock_timestamp() + %(lasts)s::interval)

-- name: close_session
DELETE FROM session WHERE sha256 = %(sha256)s OR expires_at < clock_timestamp()

-- name: audit
INSERT INTO audit (who, action, subject, detail) VALUES (%(who)s, %(action)s, %(subject)s, %(detail)s)

-- name: audited
SELECT id, at, who, action, subject, detail FROM audit WHERE id < %(before)s
  AND (%(who)s::text IS NULL OR who = %(who)s) AND (%(subject)s::text IS NULL OR subject = %(subject)s)
ORDER BY id DESC LIMIT %(limit)s
