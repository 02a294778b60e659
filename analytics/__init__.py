"""Arrays to meaning: grid, quality, indices and rules are pure; `run` alone knows the tables."""
