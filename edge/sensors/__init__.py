"""The shelf of sensor models: one TOML file each, nothing else."""
