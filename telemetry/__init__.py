"""What is said: quantities, readings, the wire, topics, births and the clock, shared by gateway and server."""
