"""RabbitMQ, as pika speaks with it: the only room that knows pika."""
