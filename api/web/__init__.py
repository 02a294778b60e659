"""The farmers' page: rendered on the server, for a small phone, without scripts or outside resources."""
