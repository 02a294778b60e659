"""The platform on one machine: embedded services, the demo and `nongvu up`."""
