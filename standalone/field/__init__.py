"""The field: recorded weather, answered by real Modbus TCP servers as if the stations stood there now."""
