"""Prometheus metrics every stage has; label values come from the topology, so their number is bounded."""

from prometheus_client import Counter, Gauge, Histogram, start_http_server

HANDLED = Counter(
    "genesisfunc_messages_total", "Messages taken, by what became of them.", ["stage", "outcome"]
)
PUBLISHED = Counter("genesisfunc_published_total", "Events stored in JetStream.", ["stage", "subject"])
SECONDS = Histogram(
    "genesisfunc_handle_seconds",
    "Time from taking a message to acknowledging it.",
    ["stage"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30, 120, 600),
)
IN_FLIGHT = Gauge("genesisfunc_in_flight_messages", "Messages under way.", ["stage"])


def serve(port: int, host: str) -> None:
    """Serve `/metrics` of this process.

    Raises:
        OSError: the port is in use; the message says how to name another.
    """
    try:
        start_http_server(port, host)
    except OSError as error:
        raise OSError(
            f"metrics port {port} on {host} cannot be used: {error.strerror}; "
            "set GENESISFUNC_METRICS_PORT to another, 0 picks a free one"
        ) from None
