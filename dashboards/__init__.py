"""From the tables to pictures: boards as reviewed code."""
