"""Failures of steps that Dagster shows as a sentence: with a stack trace only where the code is at fault."""

from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.errors import DagsterUserCodeProcessError  # not exported
from dagster_shared.error import SerializableErrorInfo  # not exported

from kelompok_core.failures import chain


class StepFailed(DagsterUserCodeProcessError, dg.Failure):
    """A step that failed; Dagster stores and shows its description, and the stack that is given here.

    Of any other exception Dagster stores the stack of its own frames and ours. This one is, to Dagster, an error of
    another process, which comes with what is to be stored of it.

    Attributes:
        original: What happened, for whoever runs the job in this process; Dagster never sees it.
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
        self.told = SerializableErrorInfo(f"{description}\n", list(stack), name)
        super().__init__(  # type: ignore[no-untyped-call]  # Dagster's
            description, metadata, allow_retries, user_code_process_error_infos=[self.told]
        )
        self.original = original or self


class TryAgain(DagsterUserCodeProcessError, dg.RetryRequested):
    """Asks Dagster to try the step again after so many seconds; it stores why, without a stack."""

    def __init__(self, failed: StepFailed, most: int, seconds: float) -> None:
        told = SerializableErrorInfo("The step is tried again.\n", [], "RetryRequested", cause=failed.told)
        super().__init__(  # type: ignore[no-untyped-call]  # Dagster's
            most, seconds, user_code_process_error_infos=[told]
        )


def original_of(error: BaseException) -> Exception | None:
    """Return what happened in a step, of the error that a run in this process ended with; None of Dagster's own."""
    return next((one.original for one in chain(error) if isinstance(one, StepFailed)), None)
