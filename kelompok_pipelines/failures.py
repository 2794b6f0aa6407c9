"""Step failures that Dagster shows as a sentence, with a stack trace only for bugs."""

from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.errors import DagsterUserCodeProcessError  # not exported
from dagster_shared.error import SerializableErrorInfo  # not exported

from kelompok_core.failures import chain


class StepFailed(DagsterUserCodeProcessError, dg.Failure):
    """A failed step; Dagster stores and shows only the given description and stack.

    For other exceptions, Dagster stores the full stack trace. Dagster treats this one as an error of another process,
    which already contains what to store.

    Attributes:
        original: The original exception, for callers that run the job in this process; Dagster never stores it.
    """

    def __init__(  # noqa: PLR0913  (what Dagster shows of a failure)
        self,
        description: str,
        *,
        metadata: Mapping[str, dg.MetadataValue] | None = None,
        allow_retries: bool = False,
        stack: Sequence[str] = (),
        name: str = "Failure",
        original: Exception | None = None,
    ) -> None:
        self.info = SerializableErrorInfo(f"{description}\n", list(stack), name)
        super().__init__(  # type: ignore[no-untyped-call]  # Dagster's
            description, metadata, allow_retries, user_code_process_error_infos=[self.info]
        )
        self.original = original or self


class TryAgain(DagsterUserCodeProcessError, dg.RetryRequested):
    """Requests a retry of the step after some seconds; Dagster stores the reason without a stack trace."""

    def __init__(self, failed: StepFailed, most: int, seconds: float) -> None:
        info = SerializableErrorInfo("The step will be retried.\n", [], "RetryRequested", cause=failed.info)
        super().__init__(  # type: ignore[no-untyped-call]  # Dagster's
            most, seconds, user_code_process_error_infos=[info]
        )


def original_of(error: BaseException) -> Exception | None:
    """Return the original exception of a failed step in this process; None for Dagster's own errors."""
    return next((one.original for one in chain(error) if isinstance(one, StepFailed)), None)
