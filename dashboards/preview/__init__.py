"""Preview: a board drawn from its own SQL as a static page, for people without Grafana."""
