"""Metrics that are looked up when somebody asks: no loop that may be stuck has to keep them."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

Ask = Callable[[], float | Mapping[str, float] | None]


class Asked(Collector):
    """Asks for each of its metrics. What is not known is not shown, rather than as it was."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._asks: list[Callable[[], Metric | None]] = []

    def add_gauge(self, name: str, about: str, ask: Ask, label: str | None) -> None:
        self._add(GaugeMetricFamily, name, about, ask, label)

    def add_counter(self, name: str, about: str, ask: Ask, label: str | None) -> None:
        self._add(CounterMetricFamily, name, about, ask, label)

    def _add(
        self,
        kind: type[GaugeMetricFamily | CounterMetricFamily],
        name: str,
        about: str,
        ask: Ask,
        label: str | None,
    ) -> None:
        def asked() -> Metric | None:
            value = ask()
            if value is None:
                return None
            family = kind(f"{self._prefix}_{name}", about, labels=[label] if label else [])
            for key, number in value.items() if isinstance(value, Mapping) else [(None, value)]:
                family.add_metric([] if key is None else [key], number)
            return family

        self._asks.append(asked)

    def collect(self) -> Iterator[Metric]:
        for ask in list(self._asks):
            if metric := ask():
                yield metric


class Labelled(Collector):
    """Puts the name of the component on all metrics of a registry."""

    def __init__(self, registry: CollectorRegistry, component: str) -> None:
        self._registry = registry
        self._component = component

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [
                sample._replace(labels={"component": self._component, **sample.labels})
                for sample in metric.samples
            ]
            yield metric
