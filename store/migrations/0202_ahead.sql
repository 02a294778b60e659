-- Which forecast a place was looked ahead on, and to when it reaches; NULL where there is none.
ALTER TABLE worked ADD COLUMN issued timestamptz, ADD COLUMN ahead timestamptz;

CREATE INDEX forecast_issued ON forecast (place, reference_time DESC);
