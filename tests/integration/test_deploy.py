"""The files in deploy are valid, and name only what there is: settings, commands, files."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import click
import pytest
import yaml

from tests.brokers import free_ports
from tests.serving import ROOT, clean_environment, console_script
from tests.waiting import until
from webapp.cli import main
from webapp.config import Settings
from webapp.serving import END_S

DEPLOY = ROOT / "deploy"
COMPOSE = ["compose.yml", "compose.cluster.yml"]
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.stem != "kustomization")
UNITS = ["unison.service", "unison@.service", "unison-nats.service"]
IMAGES = ("unison", "${UNISON_IMAGE:-unison}")
SETTINGS = {name for name, *_ in Settings.table()}


def checked(*command: str | Path) -> str:
    """Run a command that must succeed, and return what it printed."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def composed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text("utf-8"))
    return found


def manifests(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def pods() -> Iterator[dict[str, Any]]:
    """Yield what all manifests say of pods."""
    for each in (document for path in MANIFESTS for document in manifests(path)):
        if "template" in each.get("spec", {}):
            yield each["spec"]["template"]["spec"]


def filled(value: object) -> str:
    """Return what Compose makes of a value: defaults, and else a password that looks like a number."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
    return re.sub(r"\$\{\w+(:\?[^}]*)?\}", "1e9", text)


def check_command(words: list[str]) -> None:
    """Check that `unison` has a command with these options."""
    command: click.Command = main
    context = click.Context(command)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found, f"there is no {words}"
        command, words = found, words[1:]
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known | {"--help"}


def test_the_dockerfile_passes_the_linter() -> None:
    assert checked(console_script("hadolint"), "--failure-threshold", "style", DEPLOY / "Dockerfile") == ""


def test_what_the_dockerfile_copies_goes_to_the_builder() -> None:
    sent = re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert sorted(sent) == sorted(name for names in copied for name in names.split())
    assert all((ROOT / name).exists() for name in sent)


@pytest.mark.parametrize("name", COMPOSE)
def test_a_compose_file_is_as_its_specification_says(name: str) -> None:
    checked(console_script("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", DEPLOY / name)


@pytest.mark.parametrize("name", COMPOSE)
def test_a_compose_file_names_settings_commands_and_files_that_there_are(name: str) -> None:
    for service in composed(name)["services"].values():
        if service["image"] in IMAGES:
            env = service.get("environment", {})
            assert {each for each in env if each.startswith("UNISON_")} <= SETTINGS
            if "entrypoint" not in service:
                check_command([str(word) for word in service.get("command", ["serve"])])
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (DEPLOY / source).is_file(), source


@pytest.mark.parametrize("name", COMPOSE)
def test_containers_may_do_little_and_have_time_to_stop(name: str) -> None:
    for service in composed(name)["services"].values():
        if service["image"] in IMAGES:
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
            assert int(service["stop_grace_period"].removesuffix("s")) > END_S


def test_prometheus_and_grafana_find_what_they_are_given() -> None:
    services = composed("compose.cluster.yml")["services"]
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "unison"
    scraped = {target.partition(":")[0] for each in job["static_configs"] for target in each["targets"]}
    assert scraped == {name for name in services if re.match(r"(ingest|match|web)-", name)}
    assert all(scraped == set(services[name]["environment"]["UNISON_HOSTS"].split(",")) for name in scraped)
    mounted = {volume.split(":")[1] for volume in services["grafana"]["volumes"] if ":" in volume}
    provider = yaml.safe_load((DEPLOY / "grafana" / "dashboard.yml").read_text())["providers"][0]
    assert any(path.startswith(provider["options"]["path"]) for path in mounted)
    assert yaml.safe_load((DEPLOY / "grafana" / "datasource.yml").read_text())["datasources"][0]["isDefault"]


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_bytes((DEPLOY / "prometheus" / "prometheus.yml").read_bytes())
    (tmp_path / "alerts.yml").write_bytes((ROOT / "docs" / "alerts.yml").read_bytes())
    checked(os.environ.get("PROMTOOL", "promtool"), "check", "config", tmp_path / "prometheus.yml")


def test_the_manifests_are_as_kubernetes_wants_them() -> None:
    checked(console_script("kubernetes-validate"), "--strict", "--quiet", *MANIFESTS)
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == [path.name for path in MANIFESTS]


def test_pods_are_restricted_and_have_time_to_stop() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            said = container["securityContext"]
            assert said["readOnlyRootFilesystem"]
            assert not said["allowPrivilegeEscalation"]
            assert said["capabilities"] == {"drop": ["ALL"]}
            if stop := container.get("lifecycle"):
                before_s = int(stop["preStop"]["exec"]["command"][-1])
                assert pod["terminationGracePeriodSeconds"] >= before_s + END_S + 10


def test_the_manifests_name_settings_and_commands_that_there_are() -> None:
    (settings,) = manifests(DEPLOY / "kubernetes" / "settings.yaml")
    assert set(settings["data"]) <= SETTINGS
    for container in (container for pod in pods() for container in pod["containers"]):
        named = {each["name"] for each in container["env"]}
        assert {name for name in named if name.startswith("UNISON_")} <= SETTINGS
        if "args" in container:
            check_command(container["args"])


def environments() -> Iterator[dict[str, str]]:
    """Yield the settings of each server in the Compose files and in the manifests, passwords filled in."""
    for service in (service for name in COMPOSE for service in composed(name)["services"].values()):
        if service["image"] in IMAGES and "entrypoint" not in service:
            yield {name: filled(value) for name, value in service["environment"].items()}
    (settings,) = manifests(DEPLOY / "kubernetes" / "settings.yaml")
    for container in (container for pod in pods() for container in pod["containers"]):
        if "args" in container:
            own = {
                each["name"]: each.get("value", "pod-0").replace("$(NATS_PASSWORD)", "p") for each in container["env"]
            }
            yield settings["data"] | own


def test_all_settings_are_ones_that_a_server_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(environments())
    assert len(found) > 8
    for env in found:
        with monkeypatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            settings = Settings.from_env()
            assert len(settings.bus) in (0, 3)
            assert not Settings.warnings()


def test_kubernetes_and_all_others_give_the_brokers_one_configuration() -> None:
    config = manifests(DEPLOY / "kubernetes" / "nats.yaml")[0]["data"]["nats-server.conf"]
    assert config == (DEPLOY / "nats" / "nats-server.conf").read_text()


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_valid_hardened_and_names_settings_that_there_are(name: str, tmp_path: Path) -> None:
    text = (DEPLOY / "systemd" / name).read_text()
    assert set(re.findall(r"\bUNISON_\w+(?==)", text)) <= SETTINGS
    assert int(re.findall(r"TimeoutStopSec=(\d+)", text)[0]) > END_S
    (started,) = re.findall(r"^ExecStart=/opt/unison/bin/(.*)$", text, re.MULTILINE)
    if started.startswith("unison "):
        check_command(shlex.split(started)[1:])
    unit = tmp_path / name.replace("@", "@web")
    unit.write_text(text.replace("/opt/unison/bin", str(Path(sys.executable).parent)))
    systemd = os.environ.get("SYSTEMD_ANALYZE", "systemd-analyze")
    assert checked(systemd, "verify", "--man=no", unit) == ""
    checked(systemd, "security", "--offline=true", "--threshold=20", unit)  # 2.0 of 10


def test_three_brokers_with_the_shipped_configuration_take_the_streams(tmp_path: Path) -> None:
    """Their environment is that of the Compose file, with a password that looks like a number."""
    services, ports = composed("compose.cluster.yml")["services"], free_ports(9)
    places = {f"nats-{n + 1}": ports[3 * n : 3 * n + 3] for n in range(3)}

    def placed(value: object) -> str:
        text = filled(value)
        for name, (client, route, _) in places.items():
            text = text.replace(f"{name}:4222", f"127.0.0.1:{client}").replace(f"{name}:6222", f"127.0.0.1:{route}")
        return text

    with ExitStack() as stack:
        for name, (client, route, state) in places.items():
            text = (DEPLOY / "nats" / "nats-server.conf").read_text()
            for inside, port in (("4222", client), ("6222", route)):
                text = text.replace(f"0.0.0.0:{inside}", f"127.0.0.1:{port}")
            (tmp_path / name).write_text(text)
            env = {key: placed(value) for key, value in services[name]["environment"].items()}
            env |= {"NATS_STORE": str(tmp_path / f"{name}.store"), "NATS_HTTP": f"127.0.0.1:{state}"}
            command = [console_script("nats-server"), "--config", str(tmp_path / name)]
            process = stack.enter_context(subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL))
            stack.callback(process.kill)
        until(lambda: all(state_of(place[2], "healthz") for place in places.values()), 30)
        init = services["init"]
        env = {name: placed(value) for name, value in init["environment"].items()}
        ran = subprocess.run(
            [console_script(), *map(filled, init["command"])],
            env=clean_environment(**env),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.stdout.startswith("The streams are ready, with 3 copies of each message.\n"), ran.stderr
        assert state_of(places["nats-1"][2], "jsz")["config"]["sync_always"]


def state_of(port: int, page: str) -> dict[str, Any]:
    """Return what a broker says of itself; nothing if it does not answer, or is not in order."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/{page}", timeout=1) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except OSError:
        return {}
