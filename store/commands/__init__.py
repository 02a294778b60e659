"""What an operator types about tables, gateways, places and seasons."""
