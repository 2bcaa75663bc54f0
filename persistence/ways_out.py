"""What a person can do where PostgreSQL or its library only says what failed."""

_WAYS_OUT = {
    "certificate verify failed": "sslrootcert must name its authority, and its certificate may"
    " have expired",
    "does not match host name": "the URL must name the host as the certificate does",
    "requires a valid client certificate": "name one of ours by sslcert and sslkey",
    "alert unknown ca": "it does not accept ours, sslcert",
    "permission denied for schema": "migrations need GRANT CREATE ON SCHEMA for their user",
    "no schema has been selected": "search_path must name one that exists",
    "no encryption": "it may want TLS, sslmode=verify-full",
}


def with_way_out(said: str) -> str:
    """Return what the library said, and what may help."""
    return next((f"{said} ({way})" for words, way in _WAYS_OUT.items() if words in said), said)
