"""English."""

from analytics.language import FACTS, LONG, Frame

FRAME = Frame(
    proxy=" (at the station)",
    short={
        "open": FACTS,
        "raise": "Up: " + FACTS,
        "lower": "Down: " + FACTS,
        "update": "Corrected: " + FACTS,
        "end": "Over: {name} {place}{proxy}, since {until}.",
        "lapse": "{name} {place}{proxy}: no readings since {until}, no longer watched.",
        "cancel": "Cancelled: {name} {place}{proxy} {when}: readings were corrected.",
    },
    long={
        "open": LONG,
        "raise": "Raised. " + LONG,
        "lower": "Lowered. " + LONG,
        "update": "Correction. " + LONG,
        "end": "Over since {until}: {name}, {place}{proxy}, from {when}. {fact}. {disclaimer}",
        "lapse": "{name}, {place}{proxy}: no readings since {until}, so it is no longer watched. {disclaimer}",
        "cancel": "Cancelled: {name}, {place}{proxy}, {when}: later readings show that it was not. {disclaimer}",
    },
    group="{name} at {{count}} places{proxy}: {{places}}. {act}",
    disclaimer="A sign from a station on the spot, not a bulletin of the weather service.",
    source="Source",
    day="%d %b",
    moment="%H:%M %d %b",
    decimal=".",
    ahead_proxy=" (forecast)",
    ahead_short={
        "open": "Forecast: " + FACTS,
        "raise": "Forecast up: " + FACTS,
        "lower": "Forecast down: " + FACTS,
        "update": "New forecast: " + FACTS,
        "end": "Time of the forecast has passed: {name} {place}, to {until}.",
        "cancel": "Forecast withdrawn: {name} {place} {when}: a newer one does not say so.",
    },
    ahead_long={
        "open": "Forecast: " + LONG,
        "raise": "Forecast raised: " + LONG,
        "lower": "Forecast lowered: " + LONG,
        "update": "New forecast: " + LONG,
        "end": "The time of the forecast has passed: {name}, {place}, {when}. {disclaimer}",
        "cancel": "Forecast withdrawn: {name}, {place}, {when}: a newer forecast does not say so. {disclaimer}",
    },
    ahead_disclaimer="Computed from the forecast issued at {issued}, not a bulletin of the weather service.",
)
