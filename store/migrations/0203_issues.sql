-- Index values of forecasts are found by their issue, to be scored and, in the end, let go; the observed ones, nearly all
-- rows, are not in it.
CREATE INDEX index_value_issued ON index_value (reference_time) WHERE reference_time > '-infinity';
