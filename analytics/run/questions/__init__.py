"""What people ask: why, what if, draw it, compute it anew, how often was it right."""
