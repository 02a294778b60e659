-- Whether a place is private follows from its kind and from all above it: a change goes down the whole tree. Until now a new
-- kind reached the places directly below alone, so that what lay deeper in what had become a farm stayed public.
DROP TRIGGER place_private_children ON place;
CREATE TRIGGER place_private_children AFTER UPDATE OF parent, kind ON place FOR EACH ROW
    WHEN (OLD.private IS DISTINCT FROM NEW.private) EXECUTE FUNCTION place_tell_children();
-- What stands wrong is set right: each row, and from there down.
UPDATE place SET kind = kind;
