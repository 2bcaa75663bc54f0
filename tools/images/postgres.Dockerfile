# Stands in for the official image of PostgreSQL, made of a Debian room.
FROM room-postgresql
ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 \
    PGDATA=/var/lib/postgresql/data
RUN install -d -o postgres -g postgres -m 3777 /run/postgresql && install -d -o postgres -g postgres -m 700 $PGDATA
COPY --chmod=755 <<"END" /usr/local/bin/start
#!/bin/bash -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username="$POSTGRES_USER" --auth-host=scram-sha-256 --pwfile=<(echo "$POSTGRES_PASSWORD")
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    # By its socket alone, until the database is there.
    pg_ctl -o "-c listen_addresses=''" -w start
    createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
    pg_ctl -m fast -w stop
fi
exec "$@"
END
USER postgres
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
EXPOSE 5432
ENTRYPOINT ["start"]
CMD ["postgres", "-c", "listen_addresses=*"]
