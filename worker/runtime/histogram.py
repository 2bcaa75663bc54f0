"""A histogram that counts many alike at once: prometheus_client's own takes them one by one."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import Metric
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class CountedHistogram(Collector):
    """Belongs to one thread; another may look."""

    def __init__(self, name: str, about: str, buckets: Sequence[float]) -> None:
        self._name = name
        self._about = about
        self._buckets = buckets
        self._counts = [0] * (len(buckets) + 1)
        self._sum = 0.0

    def observe(self, value: float, count: int) -> None:
        self._counts[bisect_left(self._buckets, value)] += count
        self._sum += value * count

    def collect(self) -> Iterator[Metric]:
        names = [*(str(float(bound)) for bound in self._buckets), "+Inf"]
        counts = map(float, accumulate(self._counts))
        buckets = list(zip(names, counts, strict=True))
        yield HistogramMetricFamily(self._name, self._about, buckets=buckets, sum_value=self._sum)
