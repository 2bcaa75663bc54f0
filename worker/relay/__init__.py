"""From the outbox to the exchange: the process that publishes."""
