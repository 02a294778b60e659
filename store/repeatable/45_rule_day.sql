-- Each day of a station at which something was measured that a rule speaks of: whether it came, whether the rule said so.
-- The index that verifies a rule stands in the catalogue ("monitor"), with the level that people are told. What the
-- thresholds of an area make of it is not asked: all stations are judged alike. Of nights the day is the one on which
-- the night ends. In time is what was told, to whoever it concerned, before the day, or the night, was over.
CREATE OR REPLACE VIEW rule_day AS
SELECT rule.name AS rule, rule.hazard, spot.id AS place, came.time, came.value,
       CASE WHEN rule.below AND rule.inclusive THEN came.value <= rule.enter WHEN rule.below THEN came.value < rule.enter
            WHEN rule.inclusive THEN came.value >= rule.enter ELSE came.value > rule.enter END AS came,
       said.in_time IS NOT NULL AS warned, coalesce(said.in_time, false) AS in_time
FROM (SELECT name, entry ->> 'hazard' AS hazard, (entry ->> 'below')::boolean AS below, entry -> 'months' AS months,
             entry #>> '{monitor,index}' AS index, (entry ->> 'tells_from')::int AS least,
             CASE WHEN (entry #>> '{monitor,nights}')::boolean THEN interval '-12 hours' ELSE interval '0' END AS since,
             CASE WHEN (entry #>> '{monitor,nights}')::boolean THEN interval '8 hours' ELSE interval '24 hours' END AS until,
             (entry #>> ARRAY['levels', ((entry ->> 'tells_from')::int - 1)::text, 'enter'])::float8 AS enter,
             (entry #>> ARRAY['levels', ((entry ->> 'tells_from')::int - 1)::text, 'inclusive'])::boolean AS inclusive
      FROM catalogue WHERE kind = 'rule' AND jsonb_typeof(entry -> 'monitor') = 'object') AS rule
JOIN index_name ON index_name.name = rule.index
JOIN index_value AS came ON came.index = index_name.id AND came.reference_time = '-infinity' AND came.subject = 0
JOIN place AS spot ON spot.id = came.place AND spot.kind = 'station'
LEFT JOIN LATERAL (
    SELECT bool_or(EXISTS (SELECT FROM alert_step WHERE alert_step.alert = alert.id AND NOT alert_step.stale
                             AND alert_step.kind IN ('open', 'raise', 'renew')
                             AND alert_step.known_at < came.time + rule.until)) AS in_time
    FROM alert
    WHERE alert.rule = rule.name AND alert.place = came.place AND alert.state <> 'cancelled'
      AND alert.level_highest >= rule.least AND alert.started < came.time + rule.until
      AND coalesce(alert.ended, 'infinity') > came.time + rule.since
    HAVING count(*) > 0
) AS said ON true
WHERE rule.months = '[]' OR rule.months @> to_jsonb(extract(month FROM came.time AT TIME ZONE spot.time_zone)::int);
