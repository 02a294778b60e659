-- What waits to be said aloud, or was laid out for a loudspeaker, is withdrawn when its alert is over.
ALTER TABLE broadcast DROP CONSTRAINT broadcast_state_check;
ALTER TABLE broadcast ADD CONSTRAINT broadcast_state_check
    CHECK (state IN ('waiting', 'ready', 'refused', 'expired', 'withdrawn')) NOT VALID;
-- Files of it stand in the folder of a player until they are taken away.
ALTER TABLE broadcast ADD COLUMN laid_out boolean NOT NULL DEFAULT false;
UPDATE broadcast SET laid_out = true WHERE audio <> '';
CREATE INDEX broadcast_laid_out ON broadcast (expires) WHERE laid_out;

ALTER TABLE approval DROP CONSTRAINT approval_state_check;
ALTER TABLE approval ADD CONSTRAINT approval_state_check
    CHECK (state IN ('waiting', 'approved', 'refused', 'expired', 'withdrawn')) NOT VALID;

-- A bundle of renewals for the page and CAP alone.
ALTER TABLE bundle DROP CONSTRAINT bundle_outcome_check;
ALTER TABLE bundle ADD CONSTRAINT bundle_outcome_check
    CHECK (outcome IN ('expanded', 'stale', 'inhibited', 'nobody', 'published')) NOT VALID;

CREATE INDEX document_cap_expires ON document (expires) WHERE kind = 'cap';
