-- Up to which event time a place was computed: what time alone closed since is computed with the next work on it.
ALTER TABLE worked ADD COLUMN through timestamptz NOT NULL DEFAULT '-infinity';
