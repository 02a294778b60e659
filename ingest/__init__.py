"""From the wire into the tables."""
