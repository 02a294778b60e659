"""From an alert to a person."""
