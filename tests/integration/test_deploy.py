"""deploy/: what a chain runs the audit with, held against its tools and against what it promises.

Nothing here starts a container: there is no engine on the machines where this was written.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

from auditor.operations.health.configuration import VARIABLES
from tests.support.airflow_services import ENGINE
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
TOOLS = ROOT / ".tools/bin"

_VALUES = {
    "AUDITOR_IMAGE": "audit@sha256:" + "0" * 64,
    "AUDITOR_SALES": "s3://chain/sales",
    "AUDITOR_SNAPSHOTS": "s3://chain/snapshots",
    "AUDITOR_OUT": "s3://audit",
    "AUDITOR_POLICY": "s3://policy/policy.toml",
}

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def tool(name: str) -> str:
    """A checking program of requirements/tools.lock; without it the test is skipped."""
    path = TOOLS / name
    if not path.is_file():
        pytest.skip(f"{name} is not there: make tools")
    return str(path)


def accepted(*command: str | Path, **more: Any) -> str:
    """Run a checking program; what it says has to be that all is well."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **more
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def interpolated(text: str, values: Mapping[str, str] = _VALUES) -> str:
    """The text as compose reads it: variables replaced, and a variable that is needed demanded."""

    def value(match: re.Match[str]) -> str:
        name, kind, other = match.groups()
        if name not in values and kind == "?":
            raise KeyError(name)
        return values.get(name) or (other if kind == "-" else "") or ""

    return _VARIABLE.sub(value, text).replace("$$", "$")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(interpolated(COMPOSE.read_text(encoding="utf-8")))
    return parsed


@pytest.fixture(scope="module")
def helm() -> dict[str, Any]:
    text = (DEPLOY / "helm/values.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.safe_load(text)
    return values


def airflow_services(compose: dict[str, Any]) -> dict[str, Any]:
    return {n: s for n, s in compose["services"].items() if s["image"] == _VALUES["AUDITOR_IMAGE"]}


# ---- The compose file ----------------------------------------------------------------------------


def test_the_compose_file_is_one_by_the_specification(compose: dict[str, Any]) -> None:
    code = (
        "import sys; from compose_spec.compose_spec import PyCompose\n"
        "found = PyCompose.from_yaml(sys.stdin.read())\n"
        "for part in ('configs', 'networks', 'secrets', 'volumes'):\n"
        "    getattr(found, f'validate_{part}')()\n"
        "print(*found.service_names())"
    )
    text = yaml.safe_dump({k: v for k, v in compose.items() if not k.startswith("x-")})
    names = accepted(tool("python"), "-c", code, input=text)
    assert set(names.split()) == set(compose["services"])


def test_the_compose_file_passes_its_linter() -> None:
    lint = [tool("compose-lint"), "check", "--strict-config", "--fail-on", "low"]
    accepted(*lint, "--config", "compose-lint.yml", "compose.yaml", cwd=DEPLOY)


def test_what_has_to_be_given_is_demanded() -> None:
    for name in _VALUES:
        without = {k: v for k, v in _VALUES.items() if k != name}
        with pytest.raises(KeyError, match=name):
            interpolated(COMPOSE.read_text(encoding="utf-8"), without)


def test_one_port_is_published_and_on_the_loopback(compose: dict[str, Any]) -> None:
    ports = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert ports.pop("api-server") == ["127.0.0.1:8080:8080"]
    assert set(map(tuple, ports.values())) == {()}
    assert not any("network_mode" in service for service in compose["services"].values())


def test_no_container_has_rights_that_it_does_not_need(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert not any(str(v).startswith(("/", ".")) for v in service.get("volumes", [])), name
    databases = {"postgres", "redis"}
    assert {n: compose["services"][n]["user"] for n in databases} == dict.fromkeys(
        databases, "999:999"
    )


def test_every_service_that_stays_says_whether_it_is_well(compose: dict[str, Any]) -> None:
    well = {name for name, service in compose["services"].items() if "healthcheck" in service}
    assert set(compose["services"]) - well == {"prepare"}


SECRET = re.compile(r"PASSWORD|SECRET|KEY|TOKEN|CONN(?!ECTION)|BACKEND|BROKER_URL|CREDENTIALS")


def test_no_secret_stands_in_the_compose_file(compose: dict[str, Any]) -> None:
    named = set()
    for service in compose["services"].values():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable) and "SIMPLE_AUTH" not in variable:
                file = re.fullmatch(r"(?:cat )?/run/secrets/(\w+)", value)
                assert file, f"{variable} is {value!r}"
                assert file[1] in service["secrets"], variable
                named.add(file[1])
        text = str(service.get("command", "")) + str(service.get("healthcheck", ""))
        named |= set(re.findall(r"/run/secrets/(\w+)", text))
    assert named == set(compose["secrets"])
    assert {secret["file"] for secret in compose["secrets"].values()} == {
        f"secrets/{name}" for name in named
    }


def test_workers_have_no_way_to_the_database(compose: dict[str, Any]) -> None:
    worker, database = compose["services"]["worker"], compose["services"]["postgres"]
    assert set(worker["networks"]) & set(database["networks"]) == set()
    assert compose["networks"]["database"] == compose["networks"]["broker"] == {"internal": True}
    assert set(worker["secrets"]) == {
        "broker_url",
        "jwt_secret",
        "object_storage",
        "result_backend",
    }
    assert not [variable for variable in worker["environment"] if "DATABASE" in variable]


def test_every_service_knows_the_addresses(compose: dict[str, Any]) -> None:
    """They are read where the DAG is parsed, and that is everywhere."""
    for name, service in airflow_services(compose).items():
        given = {v for v in service["environment"] if v.startswith("AUDITOR_")}
        assert given == VARIABLES, name


def test_the_engine_is_set_as_it_was_tried(compose: dict[str, Any], helm: dict[str, Any]) -> None:
    worker = compose["services"]["worker"]["environment"]
    tried = {k: v for k, v in ENGINE.items() if k != "AIRFLOW__API__WORKERS"}
    heartbeat = "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"
    assert float(tried.pop(heartbeat)) < float(worker[heartbeat])  # shorter there: less waiting
    assert {name: worker[name] for name in tried} == tried
    config = {
        f"AIRFLOW__{section}__{key}".upper(): str(value)
        for section, settings in helm["config"].items()
        for key, value in settings.items()
    }
    tried |= {heartbeat: worker[heartbeat]}
    in_helm = {k: v for k, v in tried.items() if k != "AIRFLOW__CORE__EXECUTOR"}
    assert {name: config[name] for name in in_helm} == in_helm
    # A message is not given out again while its task may still be running.
    assert int(worker["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"]) >= 2 * 3600


# ---- The secrets ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deploy")
    shutil.copy(DEPLOY / "make-secrets", folder)
    accepted(folder / "make-secrets")
    return folder / "secrets"


def test_every_secret_of_the_compose_file_is_made(compose: dict[str, Any], secrets: Path) -> None:
    assert {path.name for path in secrets.iterdir()} == set(compose["secrets"])


def test_nobody_else_gets_at_the_secrets(secrets: Path) -> None:
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    # Each is mounted into containers alone, where another user has to read it.
    assert {stat.S_IMODE(p.stat().st_mode) for p in secrets.iterdir()} == {0o444}


def test_secrets_are_long_and_fit_together(secrets: Path) -> None:
    read = {path.name: path.read_text(encoding="ascii") for path in secrets.iterdir()}
    assert len(read["jwt_secret"]) == 128
    assert Fernet(read["fernet_key"])
    assert f"airflow:{read['postgres_password']}@postgres:5432" in read["database_url"]
    for name in ("broker_url", "result_backend"):
        assert f":{read['redis_password']}@redis:6379" in read[name]
    assert read["broker_url"] != read["result_backend"]


def test_a_secret_that_is_there_stays(secrets: Path) -> None:
    before = {path.name: path.read_bytes() for path in secrets.iterdir()}
    accepted(secrets.parent / "make-secrets")
    assert {path.name: path.read_bytes() for path in secrets.iterdir()} == before


def test_the_script_passes_its_linter() -> None:
    accepted(tool("shellcheck"), DEPLOY / "make-secrets")


def test_secrets_are_kept_out_of_git_and_of_the_image() -> None:
    git = ["git", "check-ignore", "--quiet", "deploy/secrets/jwt_secret"]
    assert subprocess.run(git, cwd=ROOT, check=False).returncode in (0, 128)  # 128: no checkout
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()[1] == "*"


# ---- The image -----------------------------------------------------------------------------------


def containerfile() -> str:
    return (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def test_the_container_file_passes_its_linter() -> None:
    accepted(tool("hadolint"), "--failure-threshold", "style", DEPLOY / "Containerfile")


def test_the_image_runs_as_nobody_from_a_base_that_is_given() -> None:
    assert re.findall(r"^USER (.*)$", containerfile(), re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^FROM (\S+)", containerfile(), re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2
    assert re.search(r"^ARG PYTHON_IMAGE$", containerfile(), re.MULTILINE), (
        "a default would be unpinned"
    )


def test_the_image_gets_all_that_the_package_ships() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], project["project"]["readme"]}
    needed |= {*project["project"]["license-files"], "pyproject.toml", "dags"}
    copies = [line.split()[1:-1] for line in containerfile().splitlines() if line[:5] == "COPY "]
    copied = {name for names in copies for name in names}
    assert needed <= copied
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    taken = {line[1:] for line in ignored if line.startswith("!")}
    assert {name for name in copied if not name.startswith(("--", "/"))} == taken


def pins(lock: str) -> Iterator[tuple[str, str, int]]:
    """Name with extras, version and number of hashes of each package of a lock."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)):
        if match := re.match(r"([A-Za-z0-9._\[\],-]+)==([^\s;]+)", entry):
            yield match[1], match[2], entry.count("--hash=sha256:")


def test_every_package_of_the_image_is_held_to_its_hash() -> None:
    found = list(pins("deploy.lock"))
    assert len(found) > 150
    assert [name for name, _, hashes in found if not hashes] == []
    assert containerfile().count("--require-hashes") == 2


def test_the_image_has_the_versions_that_are_tested() -> None:
    tested = {(name, version) for name, version, _ in pins("all.lock")}
    deployed = {(name, version) for name, version, _ in pins("deploy.lock")}
    assert deployed <= tested
    for lock in ("base.lock", "demo.lock"):
        assert {(name, version) for name, version, _ in pins(lock)} <= deployed
    names = {name for name, _ in deployed}
    assert {"celery", "s3fs", "apache-airflow-providers-cncf-kubernetes"} <= names
    assert {"pytest", "tensorflow-cpu", "keras"} & names == set()


def test_the_bill_of_materials_names_every_package(tmp_path: Path) -> None:
    out = tmp_path / "sbom.json"
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    accepted(
        *(tool("cyclonedx-py"), "requirements", "--pyproject", ROOT / "pyproject.toml"),
        *("--output-reproducible", "--output-file", out, ROOT / "requirements/deploy.lock"),
        env=environment,
    )
    bill = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    listed = {(c["name"], c["version"]) for c in bill["components"]}
    assert {(n.partition("[")[0], version) for n, version, _ in pins("deploy.lock")} <= listed


# ---- Helm ----------------------------------------------------------------------------------------


def test_helm_makes_the_pool_that_scoring_waits_for(helm: dict[str, Any]) -> None:
    (container,) = helm["scheduler"]["extraInitContainers"]
    assert container["args"][:4] == ["airflow", "pools", "set", "auditor_scoring"]
    assert int(container["args"][4]) == helm["workers"]["replicas"]


def test_what_helm_puts_into_pods_is_kubernetes(helm: dict[str, Any]) -> None:
    """The chart itself cannot be had here; what these values hand to Kubernetes unchanged can."""
    containers = helm["securityContexts"]["containers"]
    pods = {
        part: {
            "securityContext": helm["securityContexts"]["pod"],
            "terminationGracePeriodSeconds": helm[part].get("terminationGracePeriodSeconds", 30),
            "initContainers": [
                {**c, "image": "x"} for c in helm[part].get("extraInitContainers", [])
            ],
            "containers": [
                {
                    "name": "main",
                    "image": "x",
                    "env": helm["env"],
                    "resources": helm[part]["resources"],
                    "securityContext": containers,
                    "volumeMounts": helm[part].get("extraVolumeMounts", []),
                }
            ],
            "volumes": helm[part].get("extraVolumes", []),
        }
        for part in ("workers", "scheduler", "apiServer", "dagProcessor", "triggerer")
    }
    code = (
        "import json, sys, kubernetes_validate as k\n"
        "for name, spec in json.load(sys.stdin).items():\n"
        "    pod = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'x'}, 'spec': spec}\n"
        "    k.validate(pod, '1.33', strict=True); print(name)"
    )
    assert accepted(tool("python"), "-c", code, input=json.dumps(pods)).split() == list(pods)


def test_helm_knows_secrets_by_name_only(helm: dict[str, Any]) -> None:
    names = [*helm["data"].values(), helm["jwtSecretName"], helm["fernetKeySecretName"]]
    names += [helm["apiSecretKeySecretName"], helm["redis"]["passwordSecretName"]]
    assert all(re.fullmatch(r"audit-[a-z]+", name) for name in names)
    assert not re.search(r"(?i)(password|secret|key): *['\"]?[A-Za-z0-9+/]{16}", yaml.dump(helm))
    assert helm["postgresql"]["enabled"] is False


def test_helm_gives_every_pod_addresses_limits_and_no_rights(helm: dict[str, Any]) -> None:
    assert {entry["name"] for entry in helm["env"]} == VARIABLES
    assert helm["securityContexts"]["pod"]["runAsNonRoot"] is True
    assert helm["securityContexts"]["containers"]["capabilities"] == {"drop": ["ALL"]}
    for part in ("workers", "scheduler", "apiServer", "dagProcessor", "triggerer"):
        resources = helm[part]["resources"]
        assert resources["requests"]["memory"], part
        assert resources["limits"]["memory"], part
    assert helm["networkPolicies"] == {"enabled": True}


def test_both_ways_run_the_same_user_and_memory(
    compose: dict[str, Any], helm: dict[str, Any]
) -> None:
    assert f"USER {helm['uid']}:{helm['gid']}" in containerfile()
    worker = compose["services"]["worker"]["deploy"]
    assert worker["replicas"] == helm["workers"]["replicas"]
    assert (worker["resources"]["limits"]["memory"], "2Gi") == (
        "2g",
        helm["workers"]["resources"]["limits"]["memory"],
    )
