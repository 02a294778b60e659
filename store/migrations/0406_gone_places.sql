-- Work that waits or goes on for a place ends with the place: it does not keep a station that was a mistake.
ALTER TABLE mark DROP CONSTRAINT mark_place_fkey,
    ADD CONSTRAINT mark_place_fkey FOREIGN KEY (place) REFERENCES place ON DELETE CASCADE;
ALTER TABLE lease DROP CONSTRAINT lease_place_fkey,
    ADD CONSTRAINT lease_place_fkey FOREIGN KEY (place) REFERENCES place ON DELETE CASCADE;
ALTER TABLE worked DROP CONSTRAINT worked_place_fkey,
    ADD CONSTRAINT worked_place_fkey FOREIGN KEY (place) REFERENCES place ON DELETE CASCADE;
