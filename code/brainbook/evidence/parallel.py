"""One function called with many parameters: here, in several processes, or on a dask cluster.

Every call runs with one thread, wherever it runs, so that sums come out in the same order:
the results do not depend on how many processes there are, and a sweep that was spread gives
what a plain loop gives, bit for bit, on processors of the same kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor
from functools import partial

import torch
from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_limits

from . import fingerprint
from .calls import FailedCall, call_once, call_where_same, describe

TIMEOUT = 30.0


def spread(
    function: Callable,
    calls: Iterable[Mapping],
    workers: int = 1,
    cluster: str = "",
    timeout: float = TIMEOUT,
) -> list:
    """``[function(**call) for call in calls]``, in that order, however it is spread.

    Parameters
    ----------
    function : a named function of one of the book's modules, so that other processes can import
        it. Its parameters determine its result: pass a seed, not a generator.
    calls : the parameters of each call.
    workers : processes on this machine; 1 is a plain loop in this process.
    cluster : address of a dask scheduler, such as ``tcp://host:8786``, whose workers are taken
        instead. They need the same code, data and packages as this process, and refuse calls
        where these differ. A call whose worker dies goes to another worker.
    timeout : seconds to wait for the scheduler, and for a worker while there is none.

    Raises
    ------
    ValueError : ``workers`` is not positive, or goes with a cluster; a function without a home.
    ConnectionError : no scheduler at the address, no worker there, or one without the book.
    ModuleNotFoundError : a cluster is asked for and dask is not installed.
    FailedCall : a call raised an error, or the process died that it ran in.
    """
    fingerprint.full_name(function)
    if workers < 1:
        raise ValueError(f"workers: got {workers}; at least 1 process is needed")
    if cluster and workers > 1:
        raise ValueError(f"workers: got {workers} beside a cluster, which brings its own workers")
    params = [dict(call) for call in calls]
    if cluster:
        return _on_cluster(function, params, cluster, timeout)
    if workers > 1:
        with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
            return _gathered(partial(call_once, function), function, params)
    return _loop(function, params)


def _loop(function: Callable, calls: list[dict]) -> list:
    """The plain loop; this process gets its threads back afterwards."""
    threads = torch.get_num_threads()
    with threadpool_limits(limits=1):
        try:
            return [call_once(function, call) for call in calls]
        finally:
            torch.set_num_threads(threads)


def _on_cluster(function: Callable, calls: list[dict], address: str, timeout: float) -> list:
    try:
        from . import cluster
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"cluster: got {address!r}, but dask is not installed ({error}); "
            "install the book's extra 'cluster'"
        ) from error
    inputs = fingerprint.parts([function.__module__])
    with cluster.connected(address, timeout) as backend, parallel_config(backend=backend):
        return _gathered(partial(call_where_same, inputs, function), function, calls)


def _gathered(call_one: Callable[[dict], object], function: Callable, calls: list[dict]) -> list:
    """The calls through joblib, one by one, in the order of ``calls``."""
    jobs = Parallel(batch_size=1, return_as="generator")
    results: list = []
    try:
        for result in jobs(_delayed(call_one, calls)):
            results.append(result)
    except BrokenExecutor as error:
        first = describe(function, calls[len(results)])
        raise FailedCall(
            f"a process died, killed or out of memory; the first call without a result is {first}"
        ) from error
    return results


def _delayed(call_one: Callable, calls: list[dict]) -> Iterator[tuple]:
    return (delayed(call_one)(call) for call in calls)
