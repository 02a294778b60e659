-- Whether the rungs that follow a bundle are climbed: its steps, whether somebody took charge, what goes on, what was said aloud.

-- name: steps
SELECT step FROM bundle_step WHERE bundle = %(bundle)s ORDER BY step

-- name: acknowledged
SELECT EXISTS (SELECT FROM acknowledgement WHERE bundle = %(bundle)s)

-- name: still_open
SELECT EXISTS (
    SELECT FROM bundle_step JOIN alert_step ON alert_step.id = bundle_step.step JOIN alert ON alert.id = alert_step.alert
    WHERE bundle_step.bundle = %(bundle)s AND alert.state = 'open')

-- name: said_aloud
-- Whether the commune's loudspeaker says already, or waits to say, what an areal rule shows at this level and what goes on.
SELECT EXISTS (
    SELECT FROM broadcast
    JOIN bundle ON broadcast.about = 'bundle:' || bundle.id
    JOIN bundle_step ON bundle_step.bundle = bundle.id
    JOIN alert_step ON alert_step.id = bundle_step.step
    JOIN alert ON alert.id = alert_step.alert AND alert.state = 'open' AND alert.rule = ANY (%(rules)s)
    JOIN catalogue ON catalogue.kind = 'rule' AND catalogue.name = alert.rule AND (catalogue.entry ->> 'proxy')::boolean
    WHERE bundle.id < %(bundle)s AND bundle.commune = %(commune)s AND bundle.level >= %(level)s
      AND broadcast.state IN ('waiting', 'ready') AND broadcast.expires > %(now)s)
