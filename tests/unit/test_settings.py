"""The settings: read from the environment, refused with a sentence that names the variable, listed in one table."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from webapp.config import SettingError, Settings
from webapp.environment import PREFIX


def test_a_bus_that_cannot_be_read_is_told_without_its_password() -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_env({"UNISON_BUS": "http://unison:s3cret@nats", "UNISON_SECRET": "x"})
    assert "UNISON_BUS='http://...@nats': expected addresses such as nats://10.0.0.5:4222" in str(error.value)


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_env({})
    assert (settings.host, settings.port, settings.window_s, settings.shown_per_s) == ("127.0.0.1", 8000, 1.0, 4)
    assert (settings.tokens, settings.open_ingest) == ((), False)


def test_every_setting_can_be_given_by_its_variable() -> None:
    settings = Settings.from_env(
        {
            "UNISON_HOST": "0.0.0.0",
            "UNISON_PORT": " 9000 ",
            "UNISON_DATA_DIR": "/var/lib/unison",
            "UNISON_WINDOW_S": "0.5",
            "UNISON_TOKENS": "one, two,,",
            "UNISON_OPEN_INGEST": "yes",
        }
    )
    assert settings.host == "0.0.0.0"
    assert settings.port == 9000
    assert settings.data_dir == Path("/var/lib/unison")
    assert settings.window_s == 0.5
    assert settings.tokens == ("one", "two")
    assert settings.open_ingest is True


def test_an_empty_value_means_the_default_and_other_programs_variables_are_left_alone() -> None:
    assert Settings.from_env({"UNISON_PORT": "", "UNISONO": "1", "PATH": "/bin"}).port == 8000


def test_a_home_folder_is_expanded() -> None:
    assert Settings.from_env({"UNISON_DATA_DIR": "~/unison"}).data_dir == Path.home() / "unison"


def test_the_data_dir_is_in_the_users_data_folder_unless_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings.from_env({}).data_dir == tmp_path / "unison"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert Settings.from_env({}).data_dir == Path.home() / ".local/share/unison"


def test_an_argument_wins_over_the_environment_and_none_does_not() -> None:
    settings = Settings.from_env({"UNISON_PORT": "9000", "UNISON_HOST": "::1"}, port=0, host=None)
    assert (settings.port, settings.host) == (0, "::1")


ADDRESS = "an address such as https://unison.example.org or https://example.org/globe"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("UNISON_PORT", "http", "whole number"),
        ("UNISON_PORT", "80.5", "whole number"),
        ("UNISON_PORT", "65536", "0 to 65535"),
        ("UNISON_PORT", "-1", "0 to 65535"),
        ("UNISON_WINDOW_S", "a second", "number"),
        ("UNISON_WINDOW_S", "nan", "0 to 10"),
        ("UNISON_WINDOW_S", "10.1", "0 to 10"),
        ("UNISON_OPEN_INGEST", "perhaps", "0 or 1"),
        ("UNISON_VIEWERS_MAX", "0", "at least 1"),
        ("UNISON_HISTORY_DAYS", "-0.5", "at least 0"),
        ("UNISON_PUBLIC_URL", "http://[", ADDRESS),
        ("UNISON_PUBLIC_URL", "unison.example.org", ADDRESS),
        ("UNISON_PUBLIC_URL", "https://a b", ADDRESS),
        ("UNISON_PUBLIC_URL", "https://a.example/a/../b", ADDRESS),
        ("UNISON_PUBLIC_URL", "https://a.example//b", ADDRESS),
        ("UNISON_PUBLIC_URL", "https://a.example/a?b", ADDRESS),
        ("UNISON_HOSTS", "https://a.example", "host names such as studio.lan, or studio.lan:8000 with a port"),
        ("UNISON_HOSTS", "a.example/globe", "host names such as studio.lan, or studio.lan:8000 with a port"),
        ("UNISON_DATA_DIR", "~nobody-of-that-name/data", "a folder without ~, because this user has no home folder"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(variable: str, value: str, expected: str) -> None:
    with pytest.raises(SettingError, match=re.escape(f"{variable}={value!r}: expected {expected}") + "$"):
        Settings.from_env({variable: value})


def test_all_values_that_cannot_be_used_are_named_at_once() -> None:
    with pytest.raises(SettingError) as refused:
        Settings.from_env({"UNISON_PORT": "http", "UNISON_WINDOW_S": "11"}, uds_mode="rw")
    assert [line.partition("=")[0] for line in str(refused.value).splitlines()] == [
        "UNISON_PORT",
        "UNISON_WINDOW_S",
        "UNISON_UDS_MODE",
    ]


def test_variables_of_the_projects_scripts_are_none_of_the_servers() -> None:
    assert Settings.from_env({"UNISON_TOKEN": "x"}) == Settings.from_env({})


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("UNISON_WINDOWS", "UNISON_WINDOWS is not a setting; did you mean UNISON_WINDOW_S?"),
        ("UNISON_TOKNES", "UNISON_TOKNES is not a setting; did you mean UNISON_TOKENS?"),
        ("UNISON_PUBLICURL", "UNISON_PUBLICURL is not a setting; did you mean UNISON_PUBLIC_URL?"),
        ("UNISON_XYZZY", "UNISON_XYZZY is not a setting; `unison settings` lists the settings"),
    ],
)
def test_an_unknown_variable_is_ignored_with_a_warning_that_has_the_nearest_name(name: str, says: str) -> None:
    assert Settings.from_env({name: "a secret"}) == Settings.from_env({})
    assert Settings.warnings({name: "a secret"}) == [says]


def test_names_that_settings_and_tools_have_are_not_remarked_on() -> None:
    known = dict.fromkeys([name for name, *_ in Settings.table()], "")
    assert Settings.warnings(known | {"UNISON_TOKEN": "x", "UNISONO": "", "PATH": ""}) == []


def of_kubernetes(service: str, port: int, protocol: str = "tcp") -> dict[str, str]:
    """Return what Kubernetes gives each container for a service, as its documentation has it."""
    name, address = service.upper().replace("-", "_"), f"{protocol}://10.0.0.11:{port}"
    at = f"{name}_PORT_{port}_{protocol.upper()}"
    return {
        f"{name}_SERVICE_HOST": "10.0.0.11",
        f"{name}_SERVICE_PORT": str(port),
        f"{name}_SERVICE_PORT_HTTP": str(port),
        f"{name}_PORT": address,
        at: address,
        f"{at}_PROTO": protocol,
        f"{at}_PORT": str(port),
        f"{at}_ADDR": "10.0.0.11",
    }


@pytest.mark.parametrize("service", ["unison", "unison-admin", "unison-history-days", "unison-2"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_what_kubernetes_sets_for_its_services_is_ignored_and_said(service: str, protocol: str) -> None:
    given = of_kubernetes(service, 8000, protocol)
    assert Settings.from_env(given) == Settings.from_env({})
    (sentence,) = Settings.warnings(given)
    assert "Kubernetes" in sentence
    assert sentence.rpartition(": ")[2].split(", ") == sorted(given)


def test_a_port_that_is_set_counts_although_kubernetes_sets_others() -> None:
    given = of_kubernetes("unison-admin", 9100) | {"UNISON_PORT": "8001", "UNISON_HOST": "::"}
    settings = Settings.from_env(given)
    assert (settings.port, settings.host) == (8001, "::")


def test_the_table_has_a_row_for_each_setting_and_a_sentence_in_each_row() -> None:
    rows = Settings.table()
    assert [name for name, *_ in rows] == [PREFIX + field.name.upper() for field in fields(Settings)]
    assert all(sentence.endswith(".") for *_, sentence in rows)


def test_the_tables_defaults_read_back_as_the_defaults() -> None:
    named = {name: default for name, _, default, _ in Settings.table()}
    assert Settings.from_env(named | {"UNISON_DATA_DIR": ""}) == Settings.from_env({})
