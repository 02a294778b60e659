"""What an operator types about messages and the people who get them."""
