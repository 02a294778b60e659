-- A station that was moved counts where it stands from its next computation on: what it measured elsewhere stays as it was
-- computed. Only what is known of a place is computed anew.
DROP TRIGGER place_changed ON place;
CREATE TRIGGER place_changed AFTER UPDATE OF properties ON place FOR EACH ROW
    WHEN (OLD.properties IS DISTINCT FROM NEW.properties) EXECUTE FUNCTION place_changed();
