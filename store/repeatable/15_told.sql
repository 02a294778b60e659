-- What gateways said of themselves stands as they wrote it: older and newer ones write less, more, or texts for numbers.
-- The bodies are bound when they are made: who reads charts may not look names up in this schema.
-- NULL where a key is missing or holds something else; never an error, or one gateway would break what shows all.
CREATE OR REPLACE FUNCTION told_number(document jsonb, name text) RETURNS double precision
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT value FROM (SELECT CASE WHEN pg_input_is_valid(document ->> name, 'double precision')
                                   THEN (document ->> name)::double precision END AS value) AS said
    WHERE value NOT IN ('NaN', 'Infinity', '-Infinity');
END;

-- A whole number, where a count is meant.
CREATE OR REPLACE FUNCTION told_whole(document jsonb, name text) RETURNS bigint
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT CASE WHEN told_number(document, name) BETWEEN 0 AND 9e15 THEN told_number(document, name)::bigint END;
END;

CREATE OR REPLACE FUNCTION told_truth(document jsonb, name text) RETURNS boolean
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT CASE document ->> name WHEN 'true' THEN true WHEN 'false' THEN false END;
END;

-- A time within the years that people can mean.
CREATE OR REPLACE FUNCTION told_moment(document jsonb, name text) RETURNS timestamptz
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT value FROM (SELECT CASE WHEN pg_input_is_valid(document ->> name, 'timestamptz')
                                   THEN (document ->> name)::timestamptz END AS value) AS said
    WHERE value BETWEEN '1970-01-01' AND '2200-01-01';
END;
