"""OGC SensorThings 1.1 over the same tables."""
