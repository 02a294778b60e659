-- name: load
-- The catalogue becomes what this version's shelves say; entries of other kinds stay.
WITH given AS (
    SELECT kind, name, entry FROM jsonb_to_recordset(%(entries)s::jsonb) AS one (kind text, name text, entry jsonb)
), gone AS (
    DELETE FROM catalogue WHERE kind IN (SELECT kind FROM given)
      AND NOT EXISTS (SELECT FROM given WHERE given.kind = catalogue.kind AND given.name = catalogue.name)
)
INSERT INTO catalogue (kind, name, entry) SELECT kind, name, entry FROM given
ON CONFLICT (kind, name) DO UPDATE SET entry = excluded.entry WHERE catalogue.entry <> excluded.entry;

-- name: properties
SELECT name, entry FROM catalogue WHERE kind = 'property' AND (entry ->> %(of)s)::boolean ORDER BY name;

-- name: crops
SELECT name, entry -> 'title' ->> 'vi', entry -> 'title' ->> 'en' FROM catalogue WHERE kind = 'crop' ORDER BY name;
