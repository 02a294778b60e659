"""On the gateway: sensors are read, buffered and sent until the server has them."""
