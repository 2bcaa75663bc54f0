# Stands in for the official image of RabbitMQ, made of a Debian room. Runs as the user rabbitmq.
FROM room-rabbitmq
RUN ln -s /usr/lib/rabbitmq/lib/rabbitmq_server-* /opt/rabbitmq \
    && rm -f /etc/rabbitmq/rabbitmq-env.conf /var/lib/rabbitmq/.erlang.cookie \
    && mkdir -p /etc/rabbitmq/conf.d && echo 'log.console = true' > /etc/rabbitmq/conf.d/10-defaults.conf \
    && echo '[rabbitmq_management].' > /etc/rabbitmq/enabled_plugins \
    && chown -R rabbitmq: /etc/rabbitmq /var/lib/rabbitmq /var/log/rabbitmq
# With the last one the script becomes the broker, and gets our signals, instead of staying its parent.
ENV PATH=/opt/rabbitmq/sbin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/var/lib/rabbitmq LC_ALL=C.UTF-8 \
    RUNNING_UNDER_SYSTEMD=true
VOLUME /var/lib/rabbitmq
EXPOSE 5672 15672
CMD ["rabbitmq-server"]
