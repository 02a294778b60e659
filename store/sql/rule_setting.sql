-- name: add
INSERT INTO rule_setting (rule, place, values, valid_from, who, said_at)
VALUES (%(rule)s, %(place)s, %(values)s, %(valid_from)s, %(who)s, %(said_at)s)
ON CONFLICT (rule, place, valid_from) DO UPDATE
SET values = excluded.values, who = excluded.who, said_at = excluded.said_at;

-- name: all
SELECT rule_setting.rule, place.code, place.name, rule_setting.values, rule_setting.valid_from, rule_setting.who,
       rule_setting.said_at
FROM rule_setting JOIN place ON place.id = rule_setting.place
WHERE %(rule)s::text IS NULL OR rule_setting.rule = %(rule)s
ORDER BY rule_setting.rule, place.path, rule_setting.valid_from;

-- name: area
-- A place by its code, and everything below it that could have an alert.
SELECT below.id, below.code, below.name, below.time_zone
FROM place AS area JOIN place AS below ON area.id = ANY (below.path)
WHERE area.code = %(code)s AND (below.kind NOT IN ('country', 'province', 'commune', 'village') OR below.id = area.id)
ORDER BY below.id;

-- name: place
SELECT id FROM place WHERE code = %(code)s;
