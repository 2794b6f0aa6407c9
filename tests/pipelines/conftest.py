"""Jobs of an installation, run in this process on an instance that is forgotten."""

import dagster as dg
import pytest

from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.resources import Core


@pytest.fixture(autouse=True)
def roots(settings):
    """Runs may read beside the settings file."""
    with settings.config_file.open("a", encoding="utf-8") as file:
        file.write('\n[files]\nroots = ["."]\nschemes = ["memory"]\n')


@pytest.fixture
def definitions(settings, installation):
    return build_definitions(settings, Core(installation=installation))


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def execute(settings, installation, instance):
    """Run a job as the settings are now."""

    def run(job, op, **config):
        definitions = build_definitions(settings, Core(installation=installation))
        return definitions.resolve_job_def(job).execute_in_process(
            run_config={"ops": {op: {"config": config}}}, instance=instance, raise_on_error=False
        )

    return run


@pytest.fixture
def file(tmp_path):
    """A good row, a bad one, and a blank line."""
    path = tmp_path / "list.csv"
    path.write_text("id,name,email\n1,Satu,satu@a.or.id\n2,Dua,rusak\n\n")
    return path
