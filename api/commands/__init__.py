"""What an operator types about the API, its keys and accounts."""
