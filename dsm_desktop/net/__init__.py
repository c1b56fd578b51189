"""Transports: sockets, TLS trust, limits and the record of every call. Knows no device."""
