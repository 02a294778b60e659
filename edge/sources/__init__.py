"""The shelf of sources: where readings come from, one file each."""
