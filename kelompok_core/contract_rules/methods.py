"""Rules for the methods that a contract requires."""

import inspect


def find_method_problem(implementation: object, contract: type) -> str | None:
    """Return the problem with the methods that the contract requires, or None."""
    for name, asked in inspect.getmembers(contract, inspect.isfunction):
        if name.startswith("_"):
            continue
        method = getattr(implementation, name, None)
        if not callable(method):
            return f"it has no {name}()"
        arguments = [None] * (len(inspect.signature(asked).parameters) - 1)
        try:
            inspect.signature(method).bind(*arguments)
        except TypeError as error:
            return f"{name}(): {error}"
    return None
