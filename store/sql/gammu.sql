-- Tables of gammu-smsd (its own schema, version 17): a USB modem's way in and out.

-- name: hold
SELECT pg_advisory_xact_lock(hashtext(%(reference)s))

-- name: known
-- In the outbox, or sent in whole or in part; what the modem could not send at all was not handed over.
SELECT EXISTS (SELECT FROM outbox WHERE "CreatorID" = %(reference)s)
    OR EXISTS (SELECT FROM sentitems WHERE "CreatorID" = %(reference)s AND "Status"::text NOT IN ('SendingError', 'Error'))

-- name: insert
INSERT INTO outbox ("DestinationNumber", "TextDecoded", "CreatorID", "Coding", "UDH", "MultiPart", "DeliveryReport", "Class")
VALUES (%(phone)s, %(text)s, %(reference)s, %(coding)s, %(header)s, %(multipart)s, 'yes', -1) RETURNING "ID"

-- name: insert_part
INSERT INTO outbox_multipart ("ID", "SequencePosition", "TextDecoded", "Coding", "UDH", "Class")
VALUES (%(number)s, %(position)s, %(text)s, %(coding)s, %(header)s, -1)

-- name: reports
-- A page of them in order, after a row; the daemon's times are whole seconds, so many rows share one.
SELECT "UpdatedInDB" AS updated, "ID" AS number, "SequencePosition" AS position, "CreatorID" AS reference,
       "Status"::text AS status
FROM sentitems
WHERE "CreatorID" LIKE 'nv-%%'
  AND ("UpdatedInDB", "ID", "SequencePosition")
      > (coalesce(%(since)s::timestamp, '-infinity'), %(number)s::int, %(position)s::int)
ORDER BY "UpdatedInDB", "ID", "SequencePosition" LIMIT %(most)s

-- name: inbox
SELECT "ID" AS number, "SenderNumber"::text AS sender, "TextDecoded" AS text
FROM inbox WHERE "Processed" = 'false' ORDER BY "ID" LIMIT 100

-- name: processed
UPDATE inbox SET "Processed" = 'true' WHERE "ID" = %(number)s
