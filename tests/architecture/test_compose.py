"""docker-compose.yml is checked as far as it can be without an engine: its schema, its words and its confinement."""

import json
import re
import shlex
import subprocess
from urllib.parse import urlsplit

import click
import jsonschema
import pytest

from cli.main import counterfoil
from domain.files.spooling import MAX_FILE_MB
from domain.webhooks.sending import IN_FLIGHT
from local import broker
from settings import BY_CUSTOM, Settings, variable
from tests.architecture.compose import IMAGE, VARIABLE, document, parts, services
from tests.architecture.sources import PACKAGES, ROOT, ROOT_MODULES

SCHEMA = json.loads((ROOT / "tests" / "architecture" / "compose-spec.json").read_text())
VARIABLES = {variable(name) for name in Settings.__dataclass_fields__}
# They keep files, or read them.
KEEPERS = ("api", "worker", "io", "ocr")
TEXT = (ROOT / "docker-compose.yml").read_text()
SETTINGS_PAGE = ROOT / "docs" / "settings.md"
every_service = pytest.mark.parametrize("name", services())
every_part = pytest.mark.parametrize("name", parts())


def test_it_is_a_compose_file() -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(document())


@pytest.mark.parametrize("change", [{"comand": ["api"]}, {"healthcheck": {"tests": []}}, {"ports": "8000"}])
def test_the_schema_refuses_what_is_none(change: dict) -> None:
    broken = {"services": {"api": {"image": "counterfoil", **change}}}
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(broken)


def resolve(arguments: list[str]) -> click.Context:
    """Return the command that `counterfoil <arguments>` runs; raise click.UsageError when there is none."""
    context = counterfoil.make_context("counterfoil", list(arguments))
    while isinstance(context.command, click.Group):
        name, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)
    return context


def test_each_image_of_others_is_named_by_version_and_digest() -> None:
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    images = {service["image"] for service in services().values()} - {IMAGE}
    for image in {*images, *bases}:
        assert re.fullmatch(r"[a-z/]+:[0-9.]+[a-z-]*@sha256:[0-9a-f]{64}", image), image


@every_part
def test_its_command_exists(name: str) -> None:
    assert resolve(parts()[name]["command"]).command.name == name


@pytest.mark.parametrize("arguments", [["apy"], ["api", "--port", "1"], ["keys"], ["keys", "create"]])
def test_a_wrong_command_is_seen(arguments: list[str]) -> None:
    with pytest.raises((click.UsageError, click.exceptions.NoArgsIsHelpError)):
        resolve(arguments)


def test_the_command_in_its_head_exists() -> None:
    line = next(line for line in TEXT.splitlines() if "compose run" in line)
    _, _, arguments = line.partition(" api ")
    assert resolve(shlex.split(arguments)).params["organization"]


@every_part
def test_its_variables_are_settings(name: str) -> None:
    unknown = parts()[name].get("environment", {}).keys() - VARIABLES
    assert not unknown, "a misspelt variable is silently ignored: the part would run with the default"


@every_part
def test_the_settings_of_the_env_file_reach_it(name: str) -> None:
    only = [{"path": "counterfoil.env", "required": False}]
    assert parts()[name]["env_file"] == only, ".env has everybody's passwords"


def test_a_worker_can_call_other_services_and_nothing_can_call_the_database() -> None:
    outside = {name for name, service in services().items() if "outside" in service["networks"]}
    assert outside == {"api", "worker", "io", "ocr", "flower"}


@every_part
def test_it_reaches_database_and_broker_under_the_least_of_names(name: str) -> None:
    servers = {variable(setting) for setting in BY_CUSTOM}
    urls = {one: urlsplit(value) for one, value in parts()[name]["environment"].items() if one in servers}
    database = {"DATABASE_URL": "counterfoil_part"}
    expected = {
        "migrate": {**database, "DATABASE_OWNER_URL": "counterfoil"},
        "api": database,
        "flower": {**database, "BROKER_URL": "flower"},
    }
    assert {name: url.netloc.partition(":")[0] for name, url in urls.items()} == expected.get(
        name, {**database, "BROKER_URL": "part"}
    )


def test_each_password_reaches_those_who_need_it() -> None:
    def who_knows(secret: str) -> set[str]:
        return {
            name
            for name, service in services().items()
            if any(f"${{{secret}:" in value for value in service.get("environment", {}).values())
        }

    assert who_knows("DATABASE_PASSWORD") == {"postgres", "migrate"}
    assert who_knows("PART_PASSWORD") == parts().keys()
    assert who_knows("BROKER_PASSWORD") == {"broker", "relay", "worker", "io", "ocr", "beat"}
    assert who_knows("FLOWER_BROKER_PASSWORD") == {"broker", "flower"}
    assert who_knows("MASTER_KEYS") == {"api", "worker", "io", "ocr"}
    assert who_knows("SMTP_URL") == {"io"}
    assert who_knows("STORAGE_ACCESS_KEY") == who_knows("STORAGE_SECRET_KEY") == {"rustfs", *KEEPERS}


def test_the_page_of_settings_names_the_parts_that_need_a_secret() -> None:
    """Someone who runs the parts without Compose gives each what that page says."""
    told = {
        found[1]: set(re.findall(r"[a-z]+", found[2])) - {"the", "and"}
        for found in re.finditer(r"^\| `(\w+)` .* Only ([a-z, ]+) needs? (?:it|them)", SETTINGS_PAGE.read_text(), re.M)
    }
    given = {one: {name for name, part in parts().items() if one in part["environment"]} for one in told}
    assert given.pop(variable("signing_key")) == set(), "it comes with the settings of .env"
    assert {one: told[one] for one in given} == given


def test_the_parts_that_keep_files_reach_the_storage_and_no_other_does() -> None:
    used = {
        (name, urlsplit(service["environment"][variable("storage_endpoint")]).hostname)
        for name, service in parts().items()
        if variable("storage_url") in service["environment"]
    }
    assert used == {(name, "rustfs") for name in KEEPERS}
    assert services()["rustfs"]["networks"] == ["inside"]


def test_the_api_has_room_for_an_upload_in_each_of_its_threads() -> None:
    api = services()["api"]
    [room] = [int(found[1]) for entry in api["tmpfs"] if (found := re.search(r"size=(\d+)m", entry))]
    processes = int(api["environment"][variable("api_workers")])
    assert room >= processes * Settings().api_threads * MAX_FILE_MB, "uploads would be refused for want of room"


def test_the_broker_gives_the_rights_that_the_embedded_one_gives() -> None:
    *_, script = services()["broker"]["command"]
    printed = script.replace("$$", "$").replace("exec valkey-server -", "cat")
    environment = {"PATH": "/usr/bin:/bin", "VALKEYCLI_AUTH": "one", "FLOWER_AUTH": "two"}
    told = subprocess.run(["sh", "-c", printed], env=environment, capture_output=True, text=True, check=True).stdout
    users = {words[1]: set(words[2:]) for line in told.splitlines() if (words := line.split())[0] == "user"}
    assert users == {
        "default": {"off"},
        "part": {"on", ">one", "-@all", *broker.PART.split()},
        "flower": {"on", ">two", "-@all", *broker.FLOWER.split()},
    }
    for line in ("maxmemory 256mb", "maxmemory-policy noeviction"):
        assert line in told
        assert line in broker.CONFIGURATION


@every_service
def test_it_is_confined(name: str) -> None:
    service = services()[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert not service.get("privileged")
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["tmpfs"], "a read-only root needs a place for temporary files"
    assert service["user"] not in ("root", "0", "0:0")
    assert service["mem_limit"], "without a limit it takes the memory of all the others"
    assert 0 < service["pids_limit"] <= 512


@every_service
def test_it_comes_back_and_leaves_in_time(name: str) -> None:
    service = services()[name]
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert service["stop_grace_period"]
    assert "container_name" not in service, "a fixed name forbids --scale"


@every_service
def test_its_health_is_checked(name: str) -> None:
    check = services()[name]["healthcheck"]
    if name == "migrate":
        assert check == {"disable": True}, "it ends; who needs it waits for that"
        return
    assert {"test", "interval", "timeout", "retries", "start_period"} <= check.keys()
    if name in parts():
        assert check["test"] == ["CMD", "counterfoil", "check", name]
        assert services()[name]["init"], "process 1 cannot be killed from within, so a part that hangs would stay"


@every_service
def test_who_needs_it_waits_until_it_works(name: str) -> None:
    for needed, how in services()[name].get("depends_on", {}).items():
        ends = needed == "migrate"
        assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy")


@every_part
def test_it_waits_for_the_schema(name: str) -> None:
    assert name == "migrate" or "migrate" in parts()[name]["depends_on"]


@pytest.mark.parametrize("name", ["worker", "io", "ocr"])
def test_a_worker_may_finish_what_it_runs(name: str) -> None:
    grace = int(services()[name]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings().task_timeout, "jobs would be killed at every deployment"


def test_io_may_have_a_thread_for_each_post() -> None:
    threads = Settings().io_concurrency * (1 + IN_FLIGHT)
    assert services()["io"]["pids_limit"] >= 1.5 * threads, "a run would end with: can't start new thread"


def test_accepting_does_not_wait_for_the_broker() -> None:
    assert "broker" not in services()["api"]["depends_on"], "the api works while the broker is away"


def test_only_api_and_flower_can_be_reached_and_only_from_this_host() -> None:
    assert {name for name, service in services().items() if "ports" in service} == {"api", "flower"}
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert all(":-127.0.0.1:" in port for port in published)
    assert document()["networks"]["inside"] == {"internal": True}


def test_flower_has_a_password() -> None:
    user, password = VARIABLE.finditer(services()["flower"]["environment"][variable("flower_basic_auth")])
    assert (user["name"], password["name"]) == ("FLOWER_USER", "FLOWER_PASSWORD")
    assert user["rest"].startswith(":?")
    assert password["rest"].startswith(":?")


def test_every_secret_is_asked_for_and_none_is_written_here() -> None:
    asked = {match["name"] for match in VARIABLE.finditer(TEXT) if match["rest"].startswith(":?")}
    example = (ROOT / ".env.example").read_text().splitlines()
    assert {line.removesuffix("=") for line in example if line.endswith("=") and line[0] != "#"} == asked
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            if name.endswith(("PASSWORD", "AUTH", "_URL", "_KEYS", "_KEY")) and name != variable("storage_url"):
                assert VARIABLE.search(value), f"{name} is a secret and must come from .env"


def test_no_image_floats() -> None:
    images = {service["image"] for service in services().values()} - parts().keys() - {"counterfoil"}
    bases = {line.split()[1] for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("FROM ")}
    for image in images | bases:
        _, _, tag = image.partition(":")
        assert tag, f"{image} has no tag"
        assert tag != "latest", f"{image} is another one tomorrow"


def test_the_image_is_built_from_the_lock_and_runs_as_nobody_in_particular() -> None:
    text = (ROOT / "Dockerfile").read_text()
    installs = [line for line in text.replace("\\\n", "").splitlines() if "install" in line and ".lock" in line]
    assert len(installs) == 2
    assert all("--require-hashes" in line and "--only-binary :all:" in line for line in installs)
    assert f"USER {services()['api']['user']}" in text
    assert 'ENTRYPOINT ["counterfoil"]' in text


def test_the_image_gets_everything_that_is_installed_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines, "what is not named must not get in: .env, data/, .git"
    project = (ROOT / "pyproject.toml").read_text()
    for name in (line[1:] for line in lines if line.startswith("!")):
        assert (ROOT / name).exists(), f".dockerignore lets {name} in, which does not exist"
        stem = name.removesuffix(".py")
        built_with = ("pyproject.toml", "requirements.lock", "requirements-dev.lock")
        assert f'"{stem}' in project or name in built_with
    left_out = {*PACKAGES, *(f"{name}.py" for name in ROOT_MODULES)} - {line[1:] for line in lines}
    assert not left_out, "the image would be built without it"
