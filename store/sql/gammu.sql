-- Tables of gammu-smsd (its own schema, version 17): a USB modem's way in and out.

-- name: hold
SELECT pg_advisory_xact_lock(hashtext(%(reference)s))

-- name: known
SELECT EXISTS (SELECT FROM outbox WHERE "CreatorID" = %(reference)s)
    OR EXISTS (SELECT FROM sentitems WHERE "CreatorID" = %(reference)s)

-- name: insert
INSERT INTO outbox ("DestinationNumber", "TextDecoded", "CreatorID", "Coding", "UDH", "MultiPart", "DeliveryReport", "Class")
VALUES (%(number)s, %(text)s, %(reference)s, %(coding)s, %(header)s, %(multipart)s, 'yes', -1) RETURNING "ID"

-- name: insert_part
INSERT INTO outbox_multipart ("ID", "SequencePosition", "TextDecoded", "Coding", "UDH", "Class")
VALUES (%(id)s, %(position)s, %(text)s, %(coding)s, %(header)s, -1)

-- name: reports
SELECT "ID", "SequencePosition", "CreatorID", "Status"::text FROM sentitems
WHERE "CreatorID" LIKE 'nv-%%' AND "UpdatedInDB" >= %(after)s ORDER BY "UpdatedInDB" LIMIT 500

-- name: newest_report
SELECT max("UpdatedInDB") FROM sentitems

-- name: inbox
SELECT "ID", "SenderNumber", "TextDecoded" FROM inbox WHERE "Processed" = 'false' ORDER BY "ID" LIMIT 100

-- name: processed
UPDATE inbox SET "Processed" = 'true' WHERE "ID" = %(id)s
