"""From a message that waits to a provider's word on it: claim, send, record, try again, give up aloud."""
