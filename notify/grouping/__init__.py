"""Which steps become one message, what inhibits what, who gets it, and what follows while nobody answers."""
