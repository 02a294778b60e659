-- An order that was sent, and of which nothing proves that anybody carried it out, is neither done nor failed.
ALTER TABLE command DROP CONSTRAINT command_outcome_check;
ALTER TABLE command ADD CONSTRAINT command_outcome_check
    CHECK (outcome IN ('done', 'unconfirmed', 'refused', 'expired', 'failed', 'repeated'));
