"""Failures of steps that Dagster shows as a sentence: with a stack trace only where the code is at fault."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

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


class _TryAgain(DagsterUserCodeProcessError, dg.RetryRequested):
    """Asks Dagster to try the step again, as the step's retry policy says."""

    def __init__(self, failed: StepFailed, policy: dg.RetryPolicy, attempt: int) -> None:
        told = SerializableErrorInfo("The step is tried again.\n", [], "RetryRequested", cause=failed.told)
        wait = policy.calculate_delay(attempt)
        super().__init__(  # type: ignore[no-untyped-call]  # Dagster's
            policy.max_retries, wait, user_code_process_error_infos=[told]
        )


def raise_to_dagster(failed: StepFailed) -> NoReturn:
    """Raise a step's failure; where another try may help, as a request for it if the step has a retry policy.

    Dagster applies no policy to errors of another process: so it is applied here.

    Raises:
        StepFailed: The failure.
        RetryRequested: What Dagster makes of a failure under a retry policy.
    """
    step = _current_step() if failed.allow_retries else None
    policy = step.get_step_execution_context().op_retry_policy if step else None
    if step is not None and policy is not None:
        raise _TryAgain(failed, policy, step.retry_number + 1) from failed
    # Dagster would store an error with all that it came from: so this one comes from nothing.
    raise failed from None


def original_of(error: BaseException) -> Exception | None:
    """Return what happened in a step, of the error that a run in this process ended with; None of Dagster's own."""
    return next((one.original for one in chain(error) if isinstance(one, StepFailed)), None)


def _current_step() -> dg.OpExecutionContext | None:
    try:
        return dg.OpExecutionContext.get()
    except dg.DagsterInvariantViolationError:
        return None
