"""What HTTP asks of every request and answer, whatever the resource."""
