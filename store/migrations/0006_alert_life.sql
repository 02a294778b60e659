-- An alert lives until it ends, however often it is said: it is renewed, to people (renew) or for the page, bulletins and CAP
-- alone (extend), and what waits to be said aloud is withdrawn when it is over.
ALTER TABLE alert_step DROP CONSTRAINT alert_step_kind_check;
ALTER TABLE alert_step ADD CONSTRAINT alert_step_kind_check
    CHECK (kind IN ('open', 'raise', 'lower', 'update', 'end', 'cancel', 'renew', 'extend')) NOT VALID;
