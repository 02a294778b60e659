"""Tables of gammu-smsd, version 17 of its schema: the columns that we read and write, with its types."""

import psycopg

TABLES = """
CREATE TABLE outbox (
    "ID" serial PRIMARY KEY, "DestinationNumber" varchar(20) NOT NULL DEFAULT '', "TextDecoded" text NOT NULL DEFAULT '',
    "CreatorID" text NOT NULL, "UDH" text, "MultiPart" boolean NOT NULL DEFAULT false, "Class" int DEFAULT -1,
    "Coding" varchar(255) NOT NULL DEFAULT 'Default_No_Compression'
        CHECK ("Coding" IN ('Default_No_Compression', 'Unicode_No_Compression', '8bit')),
    "DeliveryReport" varchar(10) DEFAULT 'default' CHECK ("DeliveryReport" IN ('default', 'yes', 'no')));
CREATE TABLE outbox_multipart (
    "ID" serial, "SequencePosition" int NOT NULL DEFAULT 1, "TextDecoded" text, "UDH" text, "Class" int DEFAULT -1,
    "Coding" varchar(255) NOT NULL DEFAULT 'Default_No_Compression', PRIMARY KEY ("ID", "SequencePosition"));
CREATE TABLE inbox (
    "ID" serial PRIMARY KEY, "SenderNumber" varchar(20) NOT NULL DEFAULT '', "TextDecoded" text NOT NULL DEFAULT '',
    "Processed" boolean NOT NULL DEFAULT false);
CREATE TABLE sentitems (
    "UpdatedInDB" timestamp(0) NOT NULL DEFAULT localtimestamp(0), "ID" int, "SequencePosition" int NOT NULL DEFAULT 1,
    "CreatorID" text NOT NULL, "Status" varchar(255) NOT NULL DEFAULT 'SendingOK', PRIMARY KEY ("ID", "SequencePosition"));
"""


def make_tables(url, family="gammu"):
    """Make the daemon's tables where a family of statements needs them."""
    if family == "gammu":
        with psycopg.connect(url) as connection:
            connection.execute(TABLES)
