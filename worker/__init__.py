"""The outside: processes, settings, command line, and the only place that knows pika."""
