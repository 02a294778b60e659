-- stopped: analytics
-- Not only places whose readings cannot be computed are set apart: also those that cannot be looked ahead, and areas whose
-- stations cannot be compared, each by itself and with its own growing wait.
ALTER TABLE uncomputed
    ADD COLUMN task text NOT NULL DEFAULT 'past' CHECK (task IN ('past', 'ahead', 'area')),
    -- nobody tries it before again_at; false while it is being tried again
    ADD COLUMN waits boolean NOT NULL DEFAULT true;
ALTER TABLE uncomputed DROP CONSTRAINT uncomputed_pkey;
ALTER TABLE uncomputed ADD PRIMARY KEY (place, task);
