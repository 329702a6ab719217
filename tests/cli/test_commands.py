"""The commands, one by one, on a folder without a server."""

import subprocess
import sys
import tomllib

import pytest
from click.testing import CliRunner

from vestibule import __version__
from vestibule.cli.root import COMMANDS, vestibule
from vestibule.cli.words import WORDS, words_of
from vestibule.kernel.errors import Code

PASSWORD = "correct-horse-7-battery"
ADA = "ada@acme.test"


def run(*words: str, **settings: str):
    return CliRunner().invoke(vestibule, words, env={f"VESTIBULE_{n.upper()}": v for n, v in settings.items()})


def tree(command, path=()):
    yield path, command
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from tree(command.get_command(None, name), (*path, name))


TREE = list(tree(vestibule))


@pytest.mark.parametrize(("path", "command"), TREE, ids=[" ".join(path) or "vestibule" for path, _ in TREE])
def test_every_command_teaches(path, command):
    help_ = run(*path, "--help")
    assert help_.exit_code == 0
    assert command.help
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    assert [option.name for option in options if not (option.hidden or getattr(option, "help", None))] == []


def test_groups_show_examples_that_exist():
    names = {" ".join(("vestibule", *path)) for path, _ in TREE}
    for path, command in TREE:
        for line in (command.epilog or "").splitlines():
            if "vestibule " in line and not line.strip().endswith(":"):
                words = line[line.index("vestibule ") :].split()
                assert " ".join(words[:3]) in names or " ".join(words[:2]) in names, (path, line)


def test_the_list_and_the_version():
    assert run("--version").output.strip() == __version__
    listed = run("--help").output
    assert [name for name in COMMANDS if f"  {name} " not in listed] == []


def test_the_line_of_a_group_names_its_commands():
    for name, entry in COMMANDS.items():
        inner = {path[1] for path, _ in TREE if len(path) == 2 and path[0] == name}
        told = set(entry.line.rstrip(".").rpartition(": ")[2].split(", "))
        assert inner <= told or len(inner) == 1, name


def test_apps_keys_and_policy(shell):
    [app] = shell.json("app", "list")
    assert app["name"] == "demo"
    assert shell.json("app", "set", "password_min", "15")["value"] == 15
    assert shell.json("app", "set", "origins", '["https://a.test"]')["value"] == ["https://a.test"]
    assert shell.json("app", "set", "redirect_url", "https://a.test/x")["value"] == "https://a.test/x"
    shown = shell.json("app", "show")
    assert shown["changed"] == ["redirect_url", "origins", "password_min"]
    assert "password_min" in shell.run("app", "show").output
    made = shell.json("app", "create", "shop", "--redirect-url", "https://shop.test/r")
    assert made["environment"] == "production"
    assert "choose one of" in shell.run("user", "list").output
    keys = shell.json("key", "list", "--app", "shop")
    assert [key["key"] for key in keys] == [made["client_key"]]
    new = shell.json("key", "create", "api", "--name", "orders", "--app", made["app_id"])
    assert new["key"].startswith("ak_")
    assert shell.json("key", "list", "--app", "shop")[-1]["key"] is None
    assert shell.run("key", "revoke", new["key_id"], "--app", "shop").exit_code == 0
    again = shell.run("key", "revoke", new["key_id"], "--app", "shop")
    assert (again.exit_code, "ended already" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nope", "1"), "nope is not known here. docs/policy.md lists the fields"),
        (("access_token_lifetime", "60"), "Did you mean ACCESS_TOKEN_LIFETIME"),
        (("ACCES_TOKEN_LIFETIME", "60"), "Did you mean ACCESS_TOKEN_LIFETIME"),
        (("signing_key", "-"), "Did you mean SIGNING_KEY"),
        (("TOKEN_OBTAIN_SERIALIZER", "x"), "docs/simplejwt.md says what became of SimpleJWT's other settings"),
        (("password_min", '"x"'), "a whole number, 8 to 64"),
        (("limits", "[]"), "docs/limits.md"),
        (("origins", "https://a.test"), 'a list of origins without a slash at the end: ["https'),
    ],
)
def test_policy_values_that_do_not_fit(shell, words, said):
    result = shell.run("app", "set", *words)
    assert result.exit_code == 1
    assert said in result.output


def test_a_negative_value_and_the_way_back_to_the_default(shell):
    field = "REFRESH_REUSE_WINDOW"
    assert shell.json("app", "set", field, "0")["value"] == 0
    assert shell.json("app", "set", field, "-1")["value"] == -1
    shell.json("app", "set", field, "60")
    assert field in shell.run("app", "show").output, "as the command takes it"
    assert shell.json("app", "set", field, "--default")["value"] == -1
    assert shell.json("app", "show")["changed"] == ["redirect_url"]
    for wrong in ((), ("60", "--default"), ("--defualt",), ("--no-such", "1")):
        assert shell.run("app", "set", field, *wrong).exit_code == 2, wrong
    assert shell.run("app", "set", "SIGNING_KEY", "--default").exit_code == 2


def test_users_from_the_cradle_to_the_grave(shell):
    made = shell.json("user", "create", ADA, "--name", "Ada")
    assert made["is_email_verified"]
    assert made["last_sign_in_at"] is None
    assert "action=reset-pwd" in made["reset_url"]
    bob = shell.json("user", "create", "bob@acme.test", "--password-stdin", typed=f"{PASSWORD}\n")
    assert "reset_url" not in bob
    assert [user["email"] for user in shell.json("user", "list")] == [ADA, "bob@acme.test"]
    first = shell.run("user", "list", "--limit", "1")
    assert f"--after {made['user_id']}" in first.output
    assert shell.json("user", "show", ADA)["name"] == "Ada"
    assert "Banned." in shell.run("user", "ban", ADA).output
    assert shell.json("user", "ban", ADA) == {"changed": False}
    assert "May come in." in shell.run("user", "unban", ADA).output
    assert "reset_url" in shell.json("user", "set-password", ADA, "--link")
    assert "Set." in shell.run("user", "set-password", ADA, "--password-stdin", typed=f"{PASSWORD}\n").output
    assert shell.run("user", "delete", ADA, typed="n\n").exit_code == 1
    assert "Deleted." in shell.run("user", "delete", ADA, "--yes").output
    assert "no such user" in shell.run("user", "show", ADA).output


def test_user_names_and_names(shell):
    words = (
        "user",
        "create",
        "--username",
        "Ada",
        "--first-name",
        "Ada",
        "--last-name",
        "Lovelace",
        "--password-stdin",
    )
    made = shell.json(*words, typed=f"{PASSWORD}\n")
    assert (made["username"], made["email"], made["name"]) == ("ada", None, "Ada Lovelace")
    shown = shell.json("user", "show", "ADA")
    assert (shown["user_id"], shown["first_name"], shown["is_email_verified"]) == (made["user_id"], "Ada", False)
    assert "ada " in shell.run("user", "list").output
    assert "is there already" in shell.run(*words, typed=f"{PASSWORD}\n").output
    assert "action=reset-pwd" in shell.json("user", "create", "--username", "bob")["reset_url"]
    assert shell.run("user", "create").exit_code == 2
    assert shell.json("user", "create", ADA, "--username", ADA)["username"] == ADA


def test_another_user_name(shell):
    shell.json("user", "create", ADA, "--username", "ada")
    assert "Set." in shell.run("user", "set-username", ADA, "lovelace").output
    assert shell.json("user", "set-username", "lovelace", "Lovelace") == {"changed": False}
    for wrong in ("two words", "eve@acme.test"):
        assert "no user name" in shell.run("user", "set-username", ADA, wrong).output
    shell.json("user", "create", "bob@acme.test", "--username", "bob")
    taken = shell.run("user", "set-username", "bob", "LOVELACE")
    assert (taken.exit_code, "is there already" in taken.output) == (1, True)


def test_roles(shell):
    shell.json("user", "create", ADA)
    assert "No role." in shell.run("user", "roles", ADA).output
    assert "Set." in shell.run("user", "roles", ADA, "editor", "staff").output
    assert shell.json("user", "roles", ADA) == {"roles": ["editor", "staff"]}
    assert "editor, staff" in shell.run("user", "roles", ADA).output
    assert shell.json("user", "roles", ADA, "editor", "staff") == {"changed": False}
    assert shell.run("user", "roles", ADA, "editor", "--none").exit_code == 2
    assert shell.json("user", "roles", ADA, "--none") == {"changed": True}
    assert shell.json("user", "show", ADA)["roles"] == []
    assert shell.run("user", "roles", ADA, "x" * 151).exit_code == 1


def test_a_password_is_asked_twice_and_not_shown(shell):
    result = shell.run("user", "create", ADA, "--password", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert shell.run("user", "set-password", ADA, typed="short-1\nshort-1\n").exit_code == 1


def test_no_command_takes_a_secret_as_an_argument():
    for path, command in TREE:
        for parameter in command.params:
            takes_text = not getattr(parameter, "is_flag", False)
            assert not (takes_text and parameter.name in {"password", "token", "secret"}), path


def test_sessions_of_nobody(shell):
    shell.json("user", "create", ADA)
    assert "Nobody is signed in." in shell.run("session", "list", ADA).output
    assert shell.run("session", "revoke", "sh_" + "0" * 24).exit_code == 1


def test_operators_get_a_link(shell):
    link = shell.json("operator", "link", "grace@acme.test")["operator_url"]
    assert link.startswith("http://localhost:8000/operator?key=op_")
    operators = shell.json("user", "list", "--app", "operators")
    assert "grace@acme.test" in [user["email"] for user in operators]


def test_a_new_key_ring(tmp_path):
    assert run("keys", "new").output.count(":") == 1
    file = tmp_path / "master.key"
    assert run("keys", "new", "--file", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert "there already" in run("keys", "new", "--file", str(file)).output


def test_migrate(tmp_path):
    data = str(tmp_path / "data")
    assert "would apply 0001_house" in run("migrate", "--dry-run", "--data", data).output
    assert "applied 0001_house" in run("migrate", "--data", data).output
    assert "Nothing to do" in run("migrate", "--data", data).output


def test_a_folder_without_a_house(tmp_path):
    result = run("user", "list", "--data", str(tmp_path / "none"))
    assert result.exit_code == 1
    assert "There is no Vestibule in" in result.output
    assert not (tmp_path / "none").exists()


def test_serve_refuses_what_is_not_fit(tmp_path):
    result = run("serve", "--data", str(tmp_path))
    assert result.exit_code == 1
    assert "base_url is missing" in result.output
    assert "There is no master key" in result.output


def test_serve_refuses_an_example_key(tmp_path):
    fit = {
        "base_url": "http://localhost:8999",
        "smtp_host": "127.0.0.1",
        "smtp_tls": "none",
        "mail_from": "a@acme.test",
        "port": "8999",
    }
    for number, key in enumerate(("k001:c2hvcnQ", "k001:" + "A" * 43, "secret")):
        environ = {f"VESTIBULE_{name.upper()}": value for name, value in {**fit, "master_key": key}.items()}
        command = [sys.executable, "-m", "vestibule", "serve", "--data", str(tmp_path / str(number))]
        run_ = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert run_.returncode == 1
        assert "The house does not open" in run_.stderr
        assert key not in run_.stdout + run_.stderr


def test_serve_refuses_more_workers_and_says_why():
    result = run("serve", "--workers", "2")
    assert result.exit_code == 2
    assert "PostgreSQL" in result.output


def test_words_are_of_real_codes_and_fill_in():
    assert set(WORDS) <= set(Code)
    assert "at least 8" in words_of({"code": "password_too_short", "fields": {"min": 8}})
    assert "quota_exceeded" in words_of({"code": "quota_exceeded", "fields": {}})
    assert "server failed" in words_of({"code": "fault"})


def test_the_command_is_installed():
    from tests.architecture.source import ROOT  # noqa: PLC0415  only this test needs it

    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"vestibule": "vestibule.__main__:main"}
