"""From the tables to programs and to the page a farmer opens."""
