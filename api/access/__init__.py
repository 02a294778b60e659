"""Who asks, what they may do, and what every route is given."""
