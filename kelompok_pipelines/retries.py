"""Retries: a step that failed because the database or the storage was away is tried again by Dagster."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from kelompok_pipelines.failures import StepFailed, TryAgain
from kelompok_pipelines.resources import Core

MOST_RETRIES = 3
_PAUSE_SECONDS = 20
"""Before the first retry, doubled before each further one: together more than two minutes."""


@contextmanager
def retrying(core: Core, context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Have Dagster try the step again if that may help, as after a lost connection. A bad file fails at once.

    Steps find their import by the run and go on where they were, so that a retry changes nothing twice.
    Runs of the command line and of workers are not retried here: these tell people, or take the import again.

    Raises:
        dagster.RetryRequested: In place of the failure, while there are retries left.
    """
    try:
        yield
    except StepFailed as failed:
        if not (core.retries and failed.allow_retries) or context.retry_number >= MOST_RETRIES:
            raise
        raise TryAgain(failed, MOST_RETRIES, _PAUSE_SECONDS * 2**context.retry_number) from None
