"""What an operator types about analytics and its rules."""
