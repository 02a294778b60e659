-- A message that a route may already have taken goes on by this route alone, under the same reference, until it is clear.
ALTER TABLE delivery ADD COLUMN pinned text;

-- CAP messages of an alert: an update names every earlier one that has not expired.
CREATE INDEX document_alert ON document ((properties ->> 'alert')) WHERE kind = 'cap';
