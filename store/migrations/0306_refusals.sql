-- What became of a message's tries beyond "refused this round".
ALTER TABLE delivery
    ADD COLUMN unfit_by text[] NOT NULL DEFAULT '{}', -- routes that cannot reach this person, or take this text, at all
    ADD COLUMN renamed int NOT NULL DEFAULT 0, -- times its reference was changed, each after a certain refusal
    ADD COLUMN unsure_since timestamptz; -- real time of the first try of this reference that may have been taken

-- Routes whose budget of 24 hours is used up, as notify last saw it: what is urgent goes on all the same.
CREATE TABLE route_budget (
    route text PRIMARY KEY,
    spent_at timestamptz, -- event time since which it is used up; none: it is not
    segments bigint NOT NULL DEFAULT 0,
    cost float8 NOT NULL DEFAULT 0,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp() -- real time
);
