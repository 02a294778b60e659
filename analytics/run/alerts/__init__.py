"""From a rule's course to what is said: episodes, steps, timers, forecasts, silence, what could not be judged."""
