"""The words of a message, in letters that fit and in words that can be spoken."""
