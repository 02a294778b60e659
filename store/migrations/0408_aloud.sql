-- What waits to be said aloud, or was laid out for a loudspeaker, goes by its alert: it holds while one of its alerts is open,
-- or where the hazard is one of the area, while another station of the commune shows it.
CREATE FUNCTION speaks_of_open(about text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM bundle JOIN bundle_step ON bundle_step.bundle = bundle.id
        JOIN alert_step ON alert_step.id = bundle_step.step JOIN alert ON alert.id = alert_step.alert
        LEFT JOIN catalogue ON catalogue.kind = 'rule' AND catalogue.name = alert.rule
        WHERE about LIKE 'bundle:%' AND bundle.id = split_part(about, ':', 2)::bigint
          AND (alert.state = 'open' OR alert.subject = 0 AND (catalogue.entry ->> 'proxy')::boolean AND EXISTS (
              SELECT FROM alert AS other JOIN place ON place.id = other.place
              WHERE other.state = 'open' AND other.rule = alert.rule AND other.basis = alert.basis AND NOT place.private
                AND place.path @> ARRAY[bundle.commune])))
$$;

-- The alert of a broadcast as it is now: its level and newest text; no row: it is over, or there is none.
CREATE FUNCTION alert_now_of(about text) RETURNS TABLE (level int, text text) LANGUAGE sql STABLE AS $$
    SELECT alert.level, step.texts #>> '{vi,short}'
    FROM bundle_step JOIN alert_step ON alert_step.id = bundle_step.step
    JOIN alert ON alert.id = alert_step.alert AND alert.state = 'open'
    JOIN LATERAL (SELECT texts FROM alert_step AS said WHERE said.alert = alert.id ORDER BY number DESC LIMIT 1) AS step ON true
    WHERE about LIKE 'bundle:%' AND bundle_step.bundle = split_part(about, ':', 2)::bigint
    ORDER BY alert.level DESC, alert.id LIMIT 1
$$;

-- Whether a broadcast is known to speak of an alert.
CREATE FUNCTION speaks_of_alert(about text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN about LIKE 'bundle:%'
        THEN EXISTS (SELECT FROM bundle_step WHERE bundle = split_part(about, ':', 2)::bigint) ELSE false END
$$;

-- Whether a person may still decide: of an alert's broadcast while that goes on, of a bulletin until it expires.
CREATE FUNCTION may_decide(topic text, expires timestamptz, at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT CASE WHEN speaks_of_alert(broadcast.about) THEN speaks_of_open(broadcast.about) ELSE expires > at END
                     FROM broadcast WHERE topic = 'broadcast:' || broadcast.id), expires > at)
$$;

-- Broadcasts of alerts that were over before this was kept.
UPDATE broadcast SET state = 'expired' WHERE state = 'ready' AND about LIKE 'bundle:%' AND NOT speaks_of_open(about);
