"""Retries: Dagster retries steps that fail because the database or the storage is temporarily unavailable."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from kelompok_pipelines.failures import StepFailed, TryAgain
from kelompok_pipelines.resources import Core

MOST_RETRIES = 3
_PAUSE_SECONDS = 20
"""Delay before the first retry, doubled for each further one: more than two minutes in all."""


@contextmanager
def retrying(core: Core, context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Request a retry of the step after a temporary error, such as a lost connection. Other errors fail at once.

    Steps find their import by the run and resume it, so a retry makes no change twice.
    Runs of the command line and of workers are not retried: the command reports the error, and a worker takes the
    import again.

    Raises:
        dagster.RetryRequested: Instead of the failure, while there are retries left.
    """
    try:
        yield
    except StepFailed as failed:
        if not (core.retries and failed.allow_retries) or context.retry_number >= MOST_RETRIES:
            raise
        raise TryAgain(failed, MOST_RETRIES, _PAUSE_SECONDS * 2**context.retry_number) from None
