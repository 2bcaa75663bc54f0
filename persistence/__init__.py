"""Tables and transactions: the only place that knows SQLAlchemy."""
