-- stopped: analytics, notify, api
-- All index values are numbered: one table is read.
CREATE OR REPLACE VIEW indexed AS
SELECT index_value.place, index_name.name AS index, index_value.subject, index_value.reference_time, index_value.time,
       index_value.value, index_method.name AS method, index_value.completeness
FROM index_value
JOIN index_name ON index_name.id = index_value.index
JOIN index_method ON index_method.id = index_value.method;
DROP TABLE index_value_former;
DROP PROCEDURE move_index_values;
