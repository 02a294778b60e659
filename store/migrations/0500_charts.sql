-- For charts: hours of what grows for ever, found without reading all of it. Packs come in the order of their time, so that
-- a summary of each stretch of the table is enough, and costs a pack next to nothing.
CREATE INDEX batch_hour ON batch USING brin (time_bucket('1 hour', received_at)) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX delivery_hour ON delivery (time_bucket('1 hour', at));
