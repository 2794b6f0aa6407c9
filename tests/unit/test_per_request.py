"""Plugin settings that a request may set: which a manifest may mark, and which the bundled plugins have."""

import json
from pathlib import Path

import pytest

from kelompok_core.plugin_host.manifest import BrokenManifest, parse_manifest
from kelompok_core.plugin_host.per_request import list_per_request

_PLUGINS = Path(__file__).parents[2] / "plugins"


def _manifest(properties, **permissions):
    schema = {"type": "object", "properties": properties}
    return json.dumps({"name": "odd", "version": "1", "permissions": permissions, "config_schema": schema})


def _marked(**described):
    return {"it": {"per_request": True, **described}}


def test_requests_may_set_only_marked_settings():
    properties = {
        "page": {"per_request": True, "type": "integer"},
        "most": {"per_request": False},
        "url": {},
        "x": True,
    }
    assert list_per_request(parse_manifest(_manifest(properties)).config_schema) == ["page"]
    assert list_per_request(parse_manifest(_manifest({})).config_schema) == []


@pytest.mark.parametrize(
    ("properties", "permissions", "why"),
    [
        (_marked(type="string"), {"secrets": ["it"]}, "permissions name it"),
        (_marked(type="string"), {"network": ["it"]}, "permissions name it"),
        (_marked(type="string", format="uri"), {}, "address"),
        (_marked(type="string", format="hostname"), {}, "address"),
        (_marked(type="array", items={"type": "string", "format": "uri-reference"}), {}, "address"),
        (_marked(anyOf=[{"type": "null"}, {"properties": {"to": {"format": "iri"}}}]), {}, "address"),
        (_marked(**{"$ref": "#/$defs/address"}), {}, "ref"),
        ({"it": {"per_request": "yes"}}, {}, "true or false"),
    ],
)
def test_secrets_and_addresses_cannot_be_marked(properties, permissions, why):
    with pytest.raises(BrokenManifest, match=f"'it'.*{why}"):
        parse_manifest(_manifest(properties, **permissions))


def test_marked_settings_of_the_bundled_plugins():
    manifests = [parse_manifest(path.read_text()) for path in _PLUGINS.glob("*/*/kelompok-plugin.json")]
    assert len(manifests) > 4
    for one in manifests:
        of_files = {
            name for name, described in one.config_schema["properties"].items() if described.get("x-of-the-file")
        }
        assert of_files <= set(list_per_request(one.config_schema)), one.name
    by_name = {one.name: list_per_request(one.config_schema) for one in manifests}
    assert "max_columns" not in by_name["csv-import"], "a limit is the operator's"
    assert by_name["sdgs-keyword"] == ["minimum_confidence"]
