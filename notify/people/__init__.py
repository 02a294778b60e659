"""Who gets messages, and what they write back."""
