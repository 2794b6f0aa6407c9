"""The OpenAPI document: what it promises is kept, whatever is sent; and a client made from it imports a file."""

import importlib
import io
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from limits import parse
from schemathesis import Case, SerializationContext
from schemathesis.checks import CHECKS

from kelompok_core.api.options import ApiOptions
from kelompok_core.api.problems import REQUEST_PROBLEMS, STATUSES
from kelompok_core.errors import KelompokError
from kelompok_core.imports.running.workers import Presence
from tests.api.conftest import CSV

_CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance",
)  # fmt: skip
_EXAMPLES = 40


@pytest.fixture
def options():
    often = parse("1000000/minute")
    return ApiOptions(hosts=("testserver", "127.0.0.1"), rate_per_address=often, rate_per_key=often)


@schemathesis.serializer("application/x-ndjson")
def _as_lines(_context: SerializationContext, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.mark.proof
def test_whatever_is_sent_the_answer_is_as_documented(served, key_of, send, work, database):
    """Each operation gets made-up requests, half of them about things that are there."""
    send(CSV, mode="apply")
    work()
    send(CSV.replace("1,", "7,").replace("2,", "8,"), source="other", mode="apply")
    planned = send("id,name\n9,Lembaga Empat\n", source="third")
    work()
    headers = {"Authorization": f"Bearer {key_of()}"}
    schema = schemathesis.openapi.from_url(f"{served}/openapi.json")
    real = {
        "import_id": planned["id"],
        "ref": "lembaga-satu",
        "row_number": 1,
        "entity": "organizations",
        "name": "csv-import",
    }
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 20
    with requests.Session() as session, Presence(database, uuid4()):  # without a worker the API is not ready
        session.headers.update(headers)
        for operation in operations:
            _try(operation, session, real)


def _try(operation, session, real):
    checks = [CHECKS.get_one(name) for name in _CHECKS]

    @settings(
        max_examples=_EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(), is_real=st.booleans())
    def run(case: Case, is_real: bool) -> None:
        if is_real:
            case.path_parameters.update({name: real[name] for name in case.path_parameters if name in real})
        case.call_and_validate(session=session, checks=checks)

    run()


@pytest.fixture
def generated(app, client, tmp_path):
    """A typed client, made from the document as any user of it would."""
    document = tmp_path / "openapi.json"
    document.write_text(client.get("/openapi.json").text)
    paths = client.get("/openapi.json").json()["paths"]
    done = subprocess.run(
        [Path(sys.executable).with_name("openapi-python-client"), "generate", "--path", document,
         "--meta", "none", "--output-path", tmp_path / "kelompok_client"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    operations = {operation["operationId"] for path in paths.values() for operation in path.values()}
    assert operations <= {path.stem for path in (tmp_path / "kelompok_client" / "api").rglob("*.py")}
    sys.path.insert(0, str(tmp_path))
    yield importlib.import_module
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "kelompok_client"]:
        del sys.modules[name]


def test_a_generated_client_imports_a_file(generated, served, key_of, work):
    made = generated("kelompok_client")
    imports = "kelompok_client.api.imports"
    types, models = generated("kelompok_client.types"), generated("kelompok_client.models")
    with made.AuthenticatedClient(base_url=served, token=key_of()) as client:
        sent = generated(f"{imports}.submit_import").sync(
            "organizations", client=client, body=types.File(payload=io.BytesIO(CSV.encode())),
            file_name="list.csv", mode=models.Mode.APPLY,
        )  # fmt: skip
        work()
        told = generated(f"{imports}.get_import").sync(sent.data.id, client=client)
        assert told.data.state is models.ImportState.APPLIED
        assert (told.data.counts.accepted, told.data.counts.rejected) == (2, 1)
        found = generated("kelompok_client.api.records.list_records").sync("organizations", client=client)
        assert [one.label for one in found.data] == ["Lembaga Satu", "Lembaga Dua"]
        undone = generated(f"{imports}.undo_import").sync(sent.data.id, client=client)
        assert undone.data.counts["deleted"] == 2
    with made.AuthenticatedClient(base_url=served, token="klp_wrong") as stranger:
        refused = generated(f"{imports}.undo_import").sync(sent.data.id, client=stranger)
        assert refused.error.code == "key.invalid"


def test_the_document_describes_every_operation(client):
    document = client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert "429" in operation["responses"], (method, path)
    body = document["paths"]["/api/v1/imports/{entity}"]["post"]["requestBody"]["content"]
    assert body["text/csv"]["example"].startswith("id,name")


def test_the_documentation_needs_nothing_from_elsewhere(client):
    page = client.get("/docs")
    assert "https://" not in page.text
    for address in ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/docs/start.js", "/docs/favicon-32x32.png"):
        assert client.get(address).status_code == 200
    assert client.get("/docs/../../etc/passwd").status_code == 404
    assert client.get("/docs/other.js").status_code == 404
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_every_error_there_is_has_a_status_and_a_line_in_the_documentation():
    def below(kind):
        return [kind, *(one for child in kind.__subclasses__() for one in below(child))]

    kinds = [
        one for one in below(KelompokError) if one.__module__.startswith(("kelompok_core.errors", "kelompok_core.api"))
    ]
    ours = {one.code for one in kinds}
    assert ours - {"error"} == {kind.code for kind in STATUSES}
    page = (Path(__file__).parents[2] / "docs" / "api-errors.md").read_text("utf-8")
    assert not [code for code in (*ours - {"error"}, *REQUEST_PROBLEMS) if f"| `{code}` |" not in page]
