-- stopped: analytics, notify, api
-- What an approval is about is its topic; a subject is what at a place is spoken of.
ALTER TABLE approval RENAME COLUMN subject TO topic;
