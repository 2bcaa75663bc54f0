"""Where spans go: to a collector, where the environment asks for it and the SDK is installed."""

import os
from threading import Thread
from typing import TYPE_CHECKING

from worker.exceptions import SettingsError
from worker.runtime.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

LAST_WORDS = 1.0  # seconds at the end for what was not sent yet: a collector may be away


class Exporting:
    """Traces as `OTEL_TRACES_EXPORTER` says; all other variables are the SDK's own."""

    def __init__(self, component: str) -> None:
        """Raise `SettingsError` where what is asked for cannot be had."""
        wanted = os.environ.get("OTEL_TRACES_EXPORTER", "none")
        if wanted not in ("none", "otlp"):
            raise SettingsError("OTEL_TRACES_EXPORTER: must be otlp or none.")
        self._provider = _provider(component) if wanted == "otlp" else None
        self.tracing = Tracing(self._provider)

    def finish(self) -> None:
        """Send what is left, but wait for nobody."""
        if self._provider:
            last = Thread(target=self._provider.force_flush, name="last spans", daemon=True)
            last.start()
            last.join(LAST_WORDS)


def _provider(component: str) -> "TracerProvider":
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            "OTEL_TRACES_EXPORTER: the SDK is missing; install the extra tracing."
        ) from error
    name = os.environ.get("OTEL_SERVICE_NAME", component)
    resource = Resource.create({"service.name": name})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
