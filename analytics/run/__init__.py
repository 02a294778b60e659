"""The part of analytics that knows the tables: engine, live work, backfill, explanations, previews."""
