"""The round of work: marks taken, places loaded, computed and written."""
