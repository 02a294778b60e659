-- Steps that wait, bundles, and who gets them.

-- name: steps
SELECT step.id, alert.id AS alert, alert.rule, alert.hazard, step.kind, step.level, alert.basis, alert.place,
       place.name AS place_name, commune.id AS commune, commune.name AS commune_name,
       step.at, step.known_at, step.expires, step.stale, step.texts, alert.successor,
       coalesce(catalogue.entry ->> 'urgency', 'Immediate') AS urgency, place.private, alert.state = 'open' AS goes_on
FROM alert_step AS step
JOIN alert ON alert.id = step.alert
LEFT JOIN catalogue ON catalogue.kind = 'rule' AND catalogue.name = alert.rule
JOIN place ON place.id = alert.place
CROSS JOIN LATERAL (
    SELECT above.id, above.name FROM place AS above
    WHERE above.id = ANY (place.path)
    ORDER BY above.kind = 'commune' DESC, above.id = place.parent DESC, above.id = place.id DESC
    LIMIT 1
) AS commune
WHERE step.id = ANY (%(steps)s)

-- name: last_bundle
-- How long ago, in real time, the last bundle of a key was closed, and its level.
SELECT extract(epoch FROM clock_timestamp() - closed_at)::float8 AS ago, level
FROM bundle WHERE commune = %(commune)s AND hazard = %(hazard)s AND kind = %(kind)s AND outcome = 'expanded'
ORDER BY id DESC LIMIT 1

-- name: hold_key
-- One worker at a time works on a key; the lock ends with the transaction.
SELECT pg_try_advisory_xact_lock(x'6e7631'::int, hashtext(%(key)s))

-- name: insert_bundle
INSERT INTO bundle (commune, hazard, kind, level, at, expires, outcome, exercise)
VALUES (%(commune)s, %(hazard)s, %(kind)s, %(level)s, %(at)s, %(expires)s, %(outcome)s, %(exercise)s) RETURNING id

-- name: insert_bundle_steps
INSERT INTO bundle_step (step, bundle) SELECT step, %(bundle)s FROM unnest(%(steps)s::bigint[]) AS step

-- name: bundle_outcome
UPDATE bundle SET outcome = %(outcome)s WHERE id = %(bundle)s

-- name: bundle
SELECT id, commune, hazard, kind, level, at, expires, outcome, exercise FROM bundle WHERE id = %(bundle)s

-- name: open_beside
-- Alerts open now in a commune.
SELECT DISTINCT alert.rule, alert.hazard, alert.place, alert.level, alert.basis
FROM alert JOIN place ON place.id = alert.place
WHERE alert.state = 'open' AND place.path @> ARRAY[%(commune)s::int]

-- name: recipients
-- Who gets which step. What is new, got worse or goes on (open, raise, renew): consent stands, the place is theirs, the hazard
-- and crop concern them, and it is high enough (from the level from which the rule tells everybody; for those who named the
-- hazard from any level). What corrects, lowers or ends: whoever was told and not yet told that it is over, however long ago
-- that was and wherever station and reader are now; the life of a message is not that of its alert. What a louder hazard
-- inhibits goes only to those who named this hazard and not the louder one. An areal hazard that several stations of a
-- commune show is said once: what another of them has said, and holds, is not said again, and it is over, less or withdrawn
-- when the last of them says so, to all who were told of any. Sent within 24 hours counts against the cap.
WITH neighbours AS MATERIALIZED (
    -- Of each step of an areal rule: what was said in the commune of other stations while this one showed it, with the level
    -- that holds there, 0: it is over or elsewhere, -1: it never was.
    SELECT step.id AS step, array_agg(earlier.id) AS earlier, array_agg(earlier.kind) AS kinds,
           array_agg(earlier.known_at) AS known_at,
           array_agg(CASE WHEN other.state = 'cancelled' THEN -1
                          WHEN other.state = 'open' AND there.path @> ARRAY[%(commune)s::int]
                              THEN least(earlier.level, other.level)
                          ELSE 0 END) AS levels
    FROM alert_step AS step JOIN alert ON alert.id = step.alert AND alert.subject = 0
    JOIN catalogue ON catalogue.kind = 'rule' AND catalogue.name = alert.rule AND (catalogue.entry ->> 'proxy')::boolean
    JOIN bundle AS told ON told.commune = %(commune)s AND told.hazard = alert.hazard AND told.id < %(bundle)s
    JOIN bundle_step ON bundle_step.bundle = told.id
    JOIN alert_step AS earlier ON earlier.id = bundle_step.step
    JOIN alert AS other ON other.id = earlier.alert AND other.rule = alert.rule AND other.basis = alert.basis
        AND other.subject = 0 AND other.id <> alert.id
        AND (other.ended IS NULL OR other.ended >= alert.started - interval '36 hours')
    JOIN place AS there ON there.id = other.place
    WHERE step.id = ANY (%(steps)s)
    GROUP BY step.id
), concerned AS MATERIALIZED (
    -- Crops whose growers a step concerns, and their groups: of its season, else of its rule. A rule that names crops of a
    -- group (potato, not vegetables) does not concern the others of it.
    SELECT step.id AS step, array_agg(grown.name) || array_agg(grown.entry ->> 'audience') FILTER (
               WHERE season.crop IS NOT NULL OR known.entry -> 'for_crops' ? (grown.entry ->> 'audience')) AS crops
    FROM alert_step AS step JOIN alert ON alert.id = step.alert
    LEFT JOIN season ON season.id = alert.subject
    LEFT JOIN catalogue AS known ON known.kind = 'rule' AND known.name = alert.rule
    JOIN catalogue AS grown ON grown.kind = 'crop'
        AND CASE WHEN season.crop IS NULL
            THEN known.entry -> 'for_crops' ?| ARRAY[grown.name, grown.entry ->> 'audience']
            ELSE grown.name = season.crop END
    WHERE step.id = ANY (%(steps)s)
    GROUP BY step.id
), wanted AS MATERIALIZED (
    SELECT step.id AS step, subscriber_place.subscriber, bool_or(theirs.private) AS of_the_farm
    FROM alert_step AS step JOIN alert ON alert.id = step.alert JOIN place ON place.id = alert.place
    JOIN place AS theirs ON theirs.id = ANY (place.path)
    JOIN subscriber_place ON subscriber_place.place = theirs.id
    WHERE step.id = ANY (%(steps)s) AND step.kind IN ('open', 'raise', 'renew')
    GROUP BY step.id, subscriber_place.subscriber
    UNION ALL
    SELECT DISTINCT heard.step, delivery_step.subscriber, true
    FROM (SELECT step.id AS step, earlier.id AS earlier
          FROM alert_step AS step JOIN alert_step AS earlier ON earlier.alert = step.alert AND earlier.number < step.number
          WHERE step.id = ANY (%(steps)s)
          UNION ALL
          SELECT neighbours.step, held.earlier FROM neighbours, unnest(neighbours.earlier) AS held (earlier)) AS heard
    JOIN alert_step AS step ON step.id = heard.step AND step.kind NOT IN ('open', 'raise', 'renew')
    JOIN delivery_step ON delivery_step.step = heard.earlier
)
SELECT step.id AS step, subscriber.id AS subscriber, contact.kind, subscriber.audience, subscriber.language,
       subscriber.accents, subscriber.urgent_level, subscriber.quiet_from, subscriber.quiet_to, subscriber.time_zone,
       subscriber.daily_cap - (
           SELECT count(*) FROM delivery AS earlier
           WHERE earlier.subscriber = subscriber.id AND earlier.bundle IS NOT NULL
             AND earlier.at > %(now)s - interval '24 hours' AND earlier.state NOT IN ('capped', 'withdrawn', 'failed', 'expired')
       ) AS remaining,
       predecessor.told AS told_before, own.told AS knows_place
FROM wanted
JOIN alert_step AS step ON step.id = wanted.step
JOIN alert ON alert.id = step.alert
JOIN place ON place.id = alert.place
LEFT JOIN season ON season.id = alert.subject
LEFT JOIN catalogue ON catalogue.kind = 'rule' AND catalogue.name = alert.rule
JOIN subscriber ON subscriber.id = wanted.subscriber AND subscriber.state = 'active'
JOIN personal.contact ON contact.subscriber = subscriber.id
LEFT JOIN concerned ON concerned.step = step.id
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM delivery_step
        JOIN delivery ON delivery.id = delivery_step.delivery
            AND delivery.state NOT IN ('capped', 'withdrawn', 'failed', 'expired')
        JOIN alert_step AS earlier ON earlier.id = delivery_step.step
        JOIN alert AS former ON former.id = earlier.alert
        WHERE delivery_step.subscriber = subscriber.id AND former.successor = alert.id
    ) AS told
) AS predecessor
CROSS JOIN LATERAL (
    -- What this person was told of this alert, and where.
    SELECT count(*) > 0 AS told, coalesce(bool_or(earlier.expires > %(now)s), false) AS unexpired,
           array_agg(delivery.place) AS communes, coalesce(max(earlier.id), 0) AS last,
           (array_agg(earlier.kind ORDER BY earlier.id DESC))[1] AS last_kind
    FROM alert_step AS earlier
    JOIN delivery_step ON delivery_step.step = earlier.id AND delivery_step.subscriber = subscriber.id
    JOIN delivery ON delivery.id = delivery_step.delivery
        AND delivery.state NOT IN ('capped', 'withdrawn', 'failed', 'expired')
    WHERE earlier.alert = alert.id AND earlier.number < step.number
) AS own
CROSS JOIN LATERAL (
    -- What this person was told of the same rule from other stations of the commune.
    SELECT coalesce(bool_or(held.rises), false) AS told, coalesce(bool_or(held.rises AND held.level >= step.level), false) AS holds,
           coalesce(bool_or(held.rises AND held.level >= step.level AND held.known_at > %(now)s - interval '36 hours'), false)
               AS renewed,
           coalesce(bool_and(held.level = -1) FILTER (WHERE held.rises), false) AS never_was,
           coalesce(max(held.step), 0) AS last, (array_agg(held.kind ORDER BY held.step DESC))[1] AS last_kind
    FROM neighbours
    CROSS JOIN LATERAL (
        SELECT said.*, said.kind IN ('open', 'raise', 'renew') AS rises
        FROM unnest(neighbours.earlier, neighbours.kinds, neighbours.levels, neighbours.known_at)
            AS said (step, kind, level, known_at)) AS held
    JOIN delivery_step ON delivery_step.step = held.step AND delivery_step.subscriber = subscriber.id
    JOIN delivery ON delivery.id = delivery_step.delivery AND delivery.bundle < %(bundle)s
        AND delivery.state NOT IN ('capped', 'withdrawn', 'failed', 'expired')
    WHERE neighbours.step = step.id
) AS same
CROSS JOIN LATERAL (
    -- As far as this person knows it goes on.
    SELECT coalesce(CASE WHEN own.last > same.last THEN own.last_kind ELSE same.last_kind END NOT IN ('end', 'cancel'), false)
        AS goes_on
) AS believed
-- A farm's pond or thirsty field concerns its people, and the officer; its frost, which is the neighbours' too, everybody.
WHERE (NOT place.private OR wanted.of_the_farm OR subscriber.audience = 'officer'
       OR season.id IS NULL AND coalesce((catalogue.entry ->> 'proxy')::boolean, true))
  AND EXISTS (SELECT FROM consent WHERE consent.subscriber = subscriber.id AND consent.withdrawn_at IS NULL)
  AND CASE WHEN step.kind IN ('open', 'raise', 'renew')
      THEN step.level >= subscriber.minimum_level
       AND (alert.hazard = ANY (subscriber.hazards)
            OR (subscriber.hazards = '{}' AND alert.hazard <> 'network'
                AND step.level >= coalesce((catalogue.entry ->> 'tells_from')::int, 1)))
       AND (coalesce(catalogue.entry -> 'audiences', '[]') = '[]' OR catalogue.entry -> 'audiences' ? subscriber.audience)
       AND (subscriber.crops = '{}'
            OR season.crop IS NULL AND coalesce(catalogue.entry -> 'for_crops', '[]') = '[]'
            OR season.crop = ANY (subscriber.crops) OR concerned.crops && subscriber.crops)
       AND (subscriber.animals = '{}' OR coalesce(catalogue.entry -> 'for_animals', '[]') = '[]'
            OR catalogue.entry -> 'for_animals' ?| subscriber.animals)
       AND NOT CASE WHEN step.kind = 'renew' THEN same.renewed ELSE same.holds END
      WHEN step.kind IN ('end', 'lower', 'cancel')
      THEN CASE WHEN step.kind = 'cancel'
           THEN own.told AND (believed.goes_on OR own.unexpired) OR same.never_was AND believed.goes_on
           ELSE (own.told OR same.told) AND believed.goes_on END
       -- less than what they are told of was the end of it for them
       AND (step.kind <> 'end' OR step.level >= greatest(subscriber.minimum_level, CASE
            WHEN alert.hazard = ANY (subscriber.hazards) THEN 1
            ELSE coalesce((catalogue.entry ->> 'tells_from')::int, 1) END))
       AND NOT (
          season.id IS NULL AND coalesce((catalogue.entry ->> 'proxy')::boolean, false) AND EXISTS (
              SELECT FROM alert AS other JOIN place AS elsewhere ON elsewhere.id = other.place
              WHERE other.state = 'open' AND other.id <> alert.id AND other.rule = alert.rule AND other.basis = alert.basis
                AND elsewhere.path && coalesce(own.communes, ARRAY[%(commune)s::int])
                AND other.level > CASE WHEN step.kind = 'lower' THEN step.level ELSE 0 END))
      ELSE own.told AND (alert.state = 'open' OR believed.goes_on OR own.unexpired) END
  AND (%(audience)s::text IS NULL OR subscriber.audience = %(audience)s)
  AND subscriber.audience IS DISTINCT FROM %(beside)s::text
  AND NOT EXISTS (
      SELECT FROM unnest(%(inhibited)s::bigint[], %(sources)s::text[]) AS source (step, hazard)
      WHERE source.step = step.id
        AND (source.hazard = ANY (subscriber.hazards) OR NOT alert.hazard = ANY (subscriber.hazards)))
  AND NOT EXISTS (
      SELECT FROM delivery_step
      WHERE delivery_step.step = step.id AND delivery_step.subscriber = subscriber.id AND delivery_step.rung = %(rung)s)
ORDER BY subscriber.id, step.id
