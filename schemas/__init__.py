"""Messages on the wire: the only place that knows marshmallow and JSON."""
