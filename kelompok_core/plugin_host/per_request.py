"""Settings that requests may set: those that a manifest marks, but never secrets or addresses."""

from collections.abc import Collection, Iterator, Mapping

PER_REQUEST = "per_request"
"""Marks a setting in a manifest's ``config_schema`` that requests may set. Only the operator may set the others."""

_ADDRESSES = frozenset(
    {
        "uri", "uri-reference", "uri-template", "iri", "iri-reference", "hostname", "idn-hostname", "ipv4", "ipv6",
        "email", "idn-email",
    }
)  # fmt: skip
"""JSON Schema formats of addresses."""


def list_per_request(config_schema: Mapping[str, object]) -> list[str]:
    """Return the names of the settings that a request may set."""
    return [name for name, one in _properties(config_schema) if one.get(PER_REQUEST) is True]


def require_harmless(config_schema: Mapping[str, object], reserved: Collection[str]) -> None:
    """Require that requests may set no secret or address, which only the operator may choose.

    Args:
        config_schema: The JSON Schema of a plugin's settings.
        reserved: Settings that the manifest's permissions name as secrets or network addresses.

    Raises:
        ValueError: Naming the setting.
    """
    for name, one in _properties(config_schema):
        mark = one.get(PER_REQUEST, False)
        if mark not in (True, False):
            raise ValueError(f"config_schema: {name!r} has {PER_REQUEST}: {mark!r}; write true or false")
        if mark and (why := _harm_of(name, one, reserved)):
            raise ValueError(f"config_schema: {name!r} cannot be {PER_REQUEST}: {why}")


def _properties(config_schema: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    properties = config_schema.get("properties")
    for name, one in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(one, Mapping):  # true and false are schemas, too
            yield name, one


def _harm_of(name: str, described: Mapping[str, object], reserved: Collection[str]) -> str | None:
    if name in reserved:
        return "permissions name it, so only the operator may set it"
    for part in _parts(described):
        if part.get("format") in _ADDRESSES:
            return f"it is an address ({part['format']}), so only the operator may set it"
        if "$ref" in part or "$dynamicRef" in part:
            return "describe it inline, without $ref"
    return None


def _parts(schema: object) -> Iterator[Mapping[str, object]]:
    """Yield a schema and all its subschemas."""
    if isinstance(schema, Mapping):
        yield schema
    inner = schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ()
    for one in inner:
        yield from _parts(one)
