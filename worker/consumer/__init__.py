"""From deliveries to commits: the process that applies commands."""
