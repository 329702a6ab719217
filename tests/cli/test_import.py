"""`vestibule import django`: a real project, read through its own Django and from its dump."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.world import ORIGIN
from vestibule.adapters.foreign_hashes import check_of
from vestibule.app import compose
from vestibule.cli import imports
from vestibule.core.accounts.people import ANY_NAME
from vestibule.kernel.secret import Secret
from vestibule.settings import Settings
from vestibule.workers.control import control

PASSWORD = "correct-horse-7-battery"
HASHERS = ("pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "bcrypt", "scrypt")
SETTINGS = """
print("settings of the shop say hello")
SECRET_KEY = "for a test"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "people"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": __file__ + ".db"}}
USE_TZ = True
H = "django.contrib.auth.hashers."
NAMES = ("PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt", "MD5")
PASSWORD_HASHERS = [H + name + "PasswordHasher" for name in NAMES]
"""
CUSTOM = (
    SETTINGS
    + """
AUTH_USER_MODEL = "people.Person"
"""
)
MODELS = """
import uuid
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
class Person(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    mail = models.EmailField(unique=True)
    EMAIL_FIELD = USERNAME_FIELD = "mail"
"""
FILL = f"""
from django.contrib.auth.models import Group, User
from django.contrib.auth.hashers import make_password
editors = Group.objects.create(name="editors")
def make(name, **values):
    return User.objects.create(username=name, **{{"email": name + "@acme.test", "password": "!", **values}})
for name in {HASHERS!r}:
    make(name, password=make_password({PASSWORD!r}, hasher=name), first_name="Ada", last_name=name).groups.add(editors)
make("md5", password=make_password({PASSWORD!r}, hasher="md5"))
make("Argon2", email="")
make("boss", is_staff=True, is_superuser=True, password=make_password({PASSWORD!r}, hasher="bcrypt"))
make("gone", is_active=False, email="BOSS@acme.test")
make("no name", email="no-name@acme.test")
"""


def django(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "django", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A Django project with a user of every kind of hash, and a few odd ones."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "people").mkdir()
    for name, text in {
        "shop.py": SETTINGS,
        "custom.py": CUSTOM,
        "people/__init__.py": "",
        "people/models.py": MODELS,
    }.items():
        (folder / name).write_text(text)
    django(folder, "migrate", "--run-syncdb", "--settings", "shop")
    django(folder, "shell", "--settings", "shop", "--command", FILL)
    dump = ("dumpdata", "auth", "--exclude", "auth.permission", "--settings", "shop", "--output", "users.json")
    django(folder, *dump)
    return folder


def take(shell, shop, *words, settings="shop"):
    return shell.run("import", "django", "--settings", settings, "--project", str(shop), *words)


def report_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


async def sign_in(data, app_name, *names):
    """Signs each in with the old password, with the house's real hasher; answers ids and hashes now stored."""
    running = compose(Settings.development(data))
    try:
        house = running.house
        [app] = [each for each in await house.apps.list() if each.name == app_name]
        answers = {}
        for name in names:
            opened = await house.password_sign_in.sign_in(app, name, Secret(PASSWORD), ORIGIN, by=ANY_NAME)
            tx = house.store.reading(app.id)
            credential = await tx.credentials.find_password(opened.person.user.id)
            assert credential is not None
            alias = await tx.aliases.of_user(opened.person.user.id, "django")
            answers[name] = (alias, credential.secret)
        return answers
    finally:
        await running.store.close()


def test_users_of_a_project_come_in_and_sign_in_with_their_old_password(shell, shop, tmp_path):
    report = tmp_path / "report.jsonl"
    result = take(shell, shop, "--report", str(report))
    assert result.exit_code == 0, result.output
    rows = {row["key"]: row for row in report_of(report)}
    assert [rows[str(number)]["outcome"] for number in range(1, 12)] == [
        *["created"] * 7,
        "skipped",
        *["created"] * 2,
        "skipped",
    ]
    assert [rows[key]["reason"] for key in ("8", "11")] == ["username_taken", "username_invalid"]
    assert (rows["7"]["notes"], rows["10"]["notes"]) == (["hash_unknown"], ["no_password", "banned", "email_taken"])
    assert (rows["11"]["old_username"], rows["8"]["old_username"]) == ("no name", "Argon2"), "as Django has it"
    assert (rows["10"]["email"], rows["10"]["old_email"]) == ("", "BOSS@acme.test"), "which address it was"
    for words in ("skipped: 11 no name (username_invalid)", "8 × the address is unverified", "1 × came in banned"):
        assert words in result.output
    for words in ("created                 9", "skipped                 2", "8 Argon2", "USER_ID_FIELD = django"):
        assert words in result.output
    assert "hashes still in use: 7;" in shell.run("doctor").output
    signed_in = asyncio.run(sign_in(shell.data, "demo", *HASHERS))
    assert "hashes still in use: 1;" in shell.run("doctor").output
    assert [signed_in[name][0] for name in HASHERS] == ["1", "2", "3", "4", "5", "6"]
    assert {secret[:31] for _, secret in signed_in.values()} == {"$argon2id$v=19$m=19456,t=2,p=1$"}
    shown = shell.json("user", "show", "scrypt")
    assert (shown["name"], shown["roles"], shown["is_email_verified"]) == ("Ada scrypt", ["editors"], False)
    assert shell.json("user", "show", "gone")["status"] == "banned"
    assert shell.json("user", "show", "boss")["roles"] == []
    assert shell.json("user", "show", "django:9")["username"] == "boss"
    assert shell.json("user", "show", "boss")["old_keys"] == ["django:9"]
    assert "django:9" in shell.run("user", "show", "boss").output
    assert "like django:4" in shell.run("user", "show", "9").output
    assert "Banned." in shell.run("user", "ban", "django:9").output
    doctor = shell.run("doctor").output
    assert "address is unverified: 7;" in doctor
    assert "without a password: 1;" in doctor
    assert shell.json("app", "show")["policy"]["USER_ID_FIELD"] == "django"


def test_a_dry_run_tells_all_and_writes_nothing(shell, shop, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 3)  # what two batches would fight for is told too
    reports = [tmp_path / name for name in ("dry", "real")]
    dry = take(shell, shop, "--dry-run", "--report", str(reports[0]))
    assert dry.exit_code == 0
    assert "Nothing was written." in dry.output
    for words in ("would be the old primary key (policy USER_ID_FIELD = django)", "8 × the address is unverified"):
        assert words in dry.output
    kept = take(shell, shop, "--dry-run", "--keep-ids", "--emails", "verified").output
    assert [words in kept for words in ("USER_ID_FIELD", "unverified")] == [False, False]
    assert shell.json("user", "list") == []
    assert shell.json("app", "show")["policy"]["USER_ID_FIELD"] == "id"
    take(shell, shop, "--report", str(reports[1]))
    told, happened = ([{**row, "user_id": ""} for row in report_of(path)] for path in reports)
    assert [(row["key"], row["outcome"], row["reason"], row["notes"]) for row in told] == [
        (row["key"], row["outcome"], row["reason"], row["notes"]) for row in happened
    ]


def test_again_changes_nothing(shell, shop):
    take(shell, shop)
    before = shell.json("user", "list")
    result = take(shell, shop)
    assert "created                 0" in result.output
    assert "there already           9" in result.output
    assert shell.json("user", "list") == before


def test_staff_verified_addresses_and_our_own_ids_on_demand(shell, shop):
    take(shell, shop, "--staff-roles", "--emails", "verified", "--keep-ids")
    boss = shell.json("user", "show", "boss@acme.test")
    assert (boss["roles"], boss["is_email_verified"]) == (["staff", "superuser"], True)
    assert shell.json("app", "show")["policy"]["USER_ID_FIELD"] == "id"


def test_a_model_of_its_own_that_signs_in_with_the_address(shell, shop):
    django(shop, "migrate", "--run-syncdb", "--settings", "custom")
    fill = (
        f"from people.models import Person; p = Person(mail='Grace@acme.test'); p.set_password({PASSWORD!r}); p.save()"
    )
    django(shop, "shell", "--settings", "custom", "--command", fill)
    result = take(shell, shop, settings="custom")
    assert "created                 1" in result.output, result.output
    signed_in = asyncio.run(sign_in(shell.data, "demo", "grace@acme.test"))
    assert len(signed_in["grace@acme.test"][0]) == 36


def test_a_dump_says_the_same_as_the_project(shell, shop, tmp_path):
    reports = [tmp_path / name for name in ("project", "dump")]
    take(shell, shop, "--dry-run", "--report", str(reports[0]))
    dump = ("import", "django", "--json", str(shop / "users.json"))
    assert shell.run(*dump, "--dry-run", "--report", str(reports[1])).exit_code == 0
    assert sorted(report_of(reports[0]), key=str) == sorted(report_of(reports[1]), key=str)
    shell.run(*dump)
    assert shell.json("user", "show", "scrypt")["roles"] == ["editors"]
    assert shell.run("import", "django", "--json", "-", typed=(shop / "users.json").read_text()).exit_code == 0


def record(pk, model="auth.user", **fields):
    return {"model": model, "pk": pk, "fields": {"username": f"u{pk}", "password": "!", "last_login": None, **fields}}


def dumped(shell, tmp_path, *records, words=(), text=None):
    file, report = tmp_path / "users.json", tmp_path / "report"
    file.write_text(json.dumps(records) if text is None else text)
    result = shell.run("import", "django", "--json", str(file), "--report", str(report), *words)
    return result, report_of(report) if report.exists() else []


def test_rows_that_are_none_never_stop_the_rest(shell, tmp_path):
    odd = [
        record(1, username=5),
        record(2, date_joined="yesterday"),
        record(3, groups=["x", 7], username="u3"),
        record(4, first_name="x" * 70_000),
        record(5, first_name=["a"]),
        record(None),
        record("\ud800\x1b", username="u6", groups=[]),
        record(7, last_login="2024-02-30"),
    ]
    editors = {"model": "auth.group", "pk": 7, "fields": {"name": "editors"}}
    odd[2] = record(3, groups=[["writers"], 7])
    result, rows = dumped(shell, tmp_path, *odd, record(8, date_joined="2020-01-02T03:04:05"), editors)
    assert result.exit_code == 0, result.output
    assert {row["key"]: row["reason"] for row in rows} == {
        "1": "row_invalid",
        "2": "row_invalid",
        "3": "",
        "4": "row_too_long",
        "5": "row_invalid",
        "": "field_required",
        r"'\ud800\x1b'": "field_invalid",
        "7": "row_invalid",
        "8": "",
    }
    assert shell.json("user", "show", "u3")["roles"] == ["writers", "editors"]
    assert shell.json("user", "show", "u8")["created_at"] == "2020-01-02T03:04:05.000Z"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no dump of Django's"),
        ("{", "is no JSON (line 1"),
        ('[\n{"a":', "is no JSON (line 2"),
        ("[" * 100_000, "is no JSON"),
        ("settings say hello\n[]", "is no JSON"),
        ("[]", "no dump of Django's"),
        ("{}", "no dump of Django's"),
        ("[1]", "no dump of Django's"),
        ('[{"model": "a.b", "pk": 1, "fields": []}]', "no dump of Django's"),
        ('[{"model": "a.b", "pk": 1, "fields": {}}]', "There are no users in this file"),
        (json.dumps([record(1, groups=[3])]), "names groups, but does not hold them"),
        (json.dumps([record(1), record(1, "a.user")]), "choose one with --model (a.user, auth.user)"),
    ],
    ids=lambda text: text[:30],
)
def test_a_file_that_is_none_is_one_sentence(shell, tmp_path, text, says):
    result, _ = dumped(shell, tmp_path, text=text)
    assert result.exit_code == 1
    assert says in result.output
    assert "Traceback" not in result.output
    assert shell.json("user", "list") == []


def test_a_file_that_is_not_utf8_is_one_sentence(shell, tmp_path):
    (tmp_path / "users.json").write_bytes(b"\xff\xfe[]")
    result = shell.run("import", "django", "--json", str(tmp_path / "users.json"))
    assert (result.exit_code, "not UTF-8" in result.output) == (1, True)


def test_json_lines_and_a_model_that_is_named(shell, tmp_path):
    lines = "\n".join(json.dumps(each) for each in (record(1), record(2, "a.user")))
    _, rows = dumped(shell, tmp_path, text=lines + "\n", words=("--model", "a.user"))
    assert [row["key"] for row in rows] == ["2"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--settings", "nowhere.settings"), "No module named 'nowhere'"),
        (("--settings", "shop", "--python", "/nowhere/python"), "/nowhere/python does not start"),
        ((), "one of them"),
        (("--settings", "/etc/vestibule/settings.toml"), "the house's file is --house"),
        (("--settings", "shop", "--json", __file__), "one of them"),
    ],
)
def test_a_project_that_does_not_start_is_told(shell, words, says):
    result = shell.run("import", "django", *words)
    assert result.exit_code in {1, 2}
    assert says in result.output
    assert "Traceback" not in result.output


def test_the_settings_of_the_house_are_another_option(shell, shop, tmp_path):
    house = tmp_path / "house.toml"
    house.write_text("no_such_setting = 1\n")
    result = take(shell, shop, "--house", str(house))
    assert (result.exit_code, "no_such_setting" in result.output) == (1, True), result.output


def test_operators_are_not_imported(shell, tmp_path):
    result, _ = dumped(shell, tmp_path, record(1), words=("--app", "operators"))
    assert (result.exit_code, "permission_denied" in result.output) == (1, True)


def test_through_a_running_server_and_alone_it_is_the_same(shell, shop, tmp_path):
    """While a server has the file, the users go through its socket, in batches."""
    settings = Settings.development(shell.data)
    begun, ended = threading.Event(), threading.Event()

    async def serve():
        running = compose(settings)
        async with control(running.house, settings.control_socket):
            begun.set()
            await asyncio.to_thread(ended.wait, 60)
        await running.store.close()

    server = threading.Thread(target=asyncio.run, args=(serve(),))
    server.start()
    assert begun.wait(20)
    try:
        result = take(shell, shop)
    finally:
        ended.set()
        server.join()
    assert "created                 9" in result.output, result.output
    assert "there already           9" in take(shell, shop).output


def test_large_rows_fit_into_requests(shell, tmp_path):
    """A request to a server is one line of at most a megabyte."""
    sizes: list[int] = []

    def put_each(_place, _operation, several, _tell):
        sizes.extend(len(json.dumps(values)) for values in several)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(imports, "put_each", put_each)
        dumped(shell, tmp_path, *(record(n, first_name="\u2603" * 1_500) for n in range(300)))
    assert max(sizes) < 1024 * 1024
    assert len(sizes) > 2


def test_progress_is_for_terminals(shell, shop):
    """A script that reads the output meets no bar."""
    result = take(shell, shop, "--dry-run")
    assert "users" not in result.stderr


def test_the_reader_and_the_command_agree_on_the_mark():
    from vestibule.cli import django_users  # noqa: PLC0415  beside the file that is only ever run

    text = Path(django_users.__file__).with_name("django_reader.py").read_text()
    assert f'MARK = "{django_users.MARK}"' in text


def test_hashes_of_the_project_are_understood(shop):
    stored = [
        row["fields"]["password"]
        for row in json.loads((shop / "users.json").read_text())
        if row["model"] == "auth.user"
    ]
    assert [check_of(each) is not None for each in stored][:6] == [True] * 6
    assert os.environ.get("DJANGO_SETTINGS_MODULE") is None  # Django ran in processes of its own
