"""Stations compared with those around them, from their days, in a lane of its own."""
