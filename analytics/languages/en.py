"""English."""

from analytics.language import Frame

_FACTS = "{name} at {place}{proxy}, {when}: {fact}. {act}"
_LONG = "{name} at {place}{proxy}, {when}: {fact}. {act} {disclaimer}"
_GROUP = "{name} at {{count}} places{proxy}, {when}: {{places}}. {act}"

FRAME = Frame(
    proxy=" (by the station)",
    short={
        "open": _FACTS,
        "raise": "Up: " + _FACTS,
        "lower": "Down: " + _FACTS,
        "update": "Corrected: " + _FACTS,
        "day": "Day {days}: {lower} at {place}{proxy}: {fact}. {act}",
        "renew": "Going on for {hours} h: {lower} at {place}{proxy}: {fact}. {act}",
        "end": "Over: {lower} at {place}{proxy}, since {until}.",
        "lapse": "{name} at {place}{proxy}: no readings since {until}, so it may not be over.",
        "cancel": "Cancelled: {lower} at {place}{proxy}, {when}: readings were corrected.",
    },
    long={
        "open": _LONG,
        "raise": "Raised. " + _LONG,
        "lower": "Lowered. " + _LONG,
        "update": "Correction. " + _LONG,
        "day": "It goes on, day {days}: {lower} at {place}{proxy}, since {when}: {fact}. {act} {disclaimer}",
        "renew": "It has gone on for {hours} h: {lower} at {place}{proxy}, since {when}: {fact}. {act} {disclaimer}",
        "end": "Over since {until}: {lower} at {place}{proxy}, from {when}. {Fact}. {disclaimer}",
        "lapse": "{name} at {place}{proxy}: no readings since {until}, it may not be over. {disclaimer}",
        "cancel": "Cancelled: {lower} at {place}{proxy}, {when}: later readings show that it was not. {disclaimer}",
    },
    group={
        "open": _GROUP,
        "raise": "Up: " + _GROUP,
        "lower": "Down: " + _GROUP,
        "update": "Corrected: " + _GROUP,
        "day": "Day {days}: {lower} at {{count}} places{proxy}: {{places}}. {act}",
        "renew": "Going on for {hours} h: {lower} at {{count}} places{proxy}: {{places}}. {act}",
        "end": "Over: {lower} at {{count}} places{proxy}, since {until}: {{places}}.",
        "lapse": "{name}: no readings from {{count}} places since {until}, so it may not be over: {{places}}.",
        "cancel": "Cancelled: {lower} at {{count}} places{proxy}, {when}: {{places}}. Readings were corrected.",
    },
    disclaimer="A sign from a station on the spot, not a bulletin of the weather service.",
    source="Source",
    day="%d %b",
    moment="%H:%M %d %b",
    span="{begin} to {last}",
    decimal=".",
    ahead_proxy=" (forecast)",
    ahead_short={
        "open": "Forecast: " + _FACTS,
        "raise": "Forecast up: " + _FACTS,
        "lower": "Forecast down: " + _FACTS,
        "update": "New forecast: " + _FACTS,
        "day": "Forecast: " + _FACTS,
        "renew": "Forecast: " + _FACTS,
        "end": "Time of the forecast has passed: {lower} at {place}, to {until}.",
        "cancel": "Forecast withdrawn: {lower} at {place}, {when}: a newer one does not say so.",
    },
    ahead_long={
        "open": "Forecast: " + _LONG,
        "raise": "Forecast raised: " + _LONG,
        "lower": "Forecast lowered: " + _LONG,
        "update": "New forecast: " + _LONG,
        "day": "Forecast: " + _LONG,
        "renew": "Forecast: " + _LONG,
        "end": "The time of the forecast has passed: {lower} at {place}, {when}. {disclaimer}",
        "cancel": "Forecast withdrawn: {lower} at {place}, {when}: a newer forecast does not say so. {disclaimer}",
    },
    ahead_group={
        "open": _GROUP,
        "raise": "Up: " + _GROUP,
        "lower": "Down: " + _GROUP,
        "update": "New forecast: " + _GROUP,
        "day": _GROUP,
        "renew": _GROUP,
        "end": "Time of the forecast has passed: {lower} at {{count}} places, to {until}: {{places}}.",
        "cancel": "Forecast withdrawn: {lower} at {{count}} places, {when}: {{places}}. A newer one does not say so.",
    },
    ahead_disclaimer="Computed from the forecast issued at {issued}, not a bulletin of the weather service.",
    brief={
        "day": "Day {days}: {lower} at {place}, {plain}.",
        "renew": "Going on for {hours} h: {lower} at {place}, {plain}.",
    },
    worst={True: " (lowest so far {worst})", False: " (highest so far {worst})"},
)
