"""Readings laid on the grid, and what the tables are given of it."""
