#!/usr/bin/python3
"""Installs into a folder as docs/operating.md says, and holds the result against what the units name and the page shows.

    tests/docs/install_test.py --build build/release
"""
import argparse
import configparser
import grp
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
UNITS = ("tanbad.service", "tanba-keyd.service")
# What a unit makes when it starts, and where.
MADE_BY_UNITS = {"StateDirectory": "/var/lib", "RuntimeDirectory": "/run", "CacheDirectory": "/var/cache", "LogsDirectory": "/var/log"}


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=300, **options)


def must(*command, **options):
    done = run(*command, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def read_unit(path):
    unit = configparser.RawConfigParser(strict=False, interpolation=None, comment_prefixes=("#",), delimiters=("=",))
    unit.optionxform = str
    unit.read_string(path.read_text(encoding="utf-8"))
    return unit


def make_users_and_folders(tree, users, folders):
    """By systemd's own tools; where a machine has none, by the few words that our files use."""
    if shutil.which("systemd-sysusers") and shutil.which("systemd-tmpfiles"):
        must("systemd-sysusers", f"--root={tree}", users)
        must("systemd-tmpfiles", f"--root={tree}", "--create", folders)
        return
    print("not run: systemd-sysusers, systemd-tmpfiles (not there)")
    words = [line.split() for line in (users.read_text() + folders.read_text()).splitlines() if line and not line.startswith("#")]
    (tree / "etc/passwd").write_text("".join(f"{line[1]}:\n" for line in words if line[0] == "u"))
    (tree / "etc/group").write_text("".join(f"{line[1]}:\n" for line in words if line[0] in "ug"))
    for line in words:
        if line[0] == "d":
            (tree / line[1][1:]).mkdir(parents=True)


def install(build, tree):
    """The page's sequence, with everything below `tree`."""
    must("cmake", "--install", build, "--prefix", "/usr/local", env=os.environ | {"DESTDIR": str(tree)})
    (tree / "etc").mkdir()
    make_users_and_folders(tree, tree / "usr/local/lib/sysusers.d/tanba.conf", tree / "usr/local/lib/tmpfiles.d/tanba.conf")
    examples = tree / "usr/local/share/doc/tanba/examples"
    for example, place in (("tanbad.toml", "/etc/tanba/tanbad.toml"), ("keyd.toml", "/etc/tanba-keyd/keyd.toml")):
        if f"`examples/{example}`" not in PAGE or f"`{place}`" not in PAGE:
            yield f"operating.md does not say that examples/{example} goes to {place}"
        shutil.copy2(examples / example, tree / place[1:])


def unit_failures(tree):
    """Every path and user that the units name is there, or is made by them."""
    users = {line.split(":")[0] for line in (tree / "etc/passwd").read_text().splitlines()}
    groups = {line.split(":")[0] for line in (tree / "etc/group").read_text().splitlines()}
    made = {"/bin/kill"}  # of the system
    units = {name: read_unit(tree / "usr/local/lib/systemd/system" / name) for name in UNITS}
    for unit in units.values():
        made |= {f"{where}/{unit['Service'][key]}" for key, where in MADE_BY_UNITS.items() if key in unit["Service"]}
    for name, unit in units.items():
        text = "\n".join(f"{key}={value}" for section in unit.sections() for key, value in unit[section].items())
        for path in re.findall(r"(?<![\w/])/[\w./-]+", text.replace("file:", "")):
            if path not in made and not (tree / path[1:]).exists():
                yield f"{name} names {path}, which is not there"
        service = unit["Service"]
        if service["User"] not in users or service["Group"] not in groups:
            yield f"{name}: no user {service['User']} or group {service['Group']}"
        # What its configuration has it write lies where it may write.
        allowed = service.get("SystemCallFilter", "")
        if name == "tanba-keyd.service" and "chown" not in allowed.split():
            yield "tanba-keyd.service: the filter kills the server when it gives its socket to the group"


def verify_units(prefix):
    """systemd's own reading, with the programs where the units name them."""
    if shutil.which("systemd-analyze") is None:
        print("not run: systemd-analyze is not there")
        return
    for name in UNITS:
        done = run("systemd-analyze", "verify", prefix / "lib/systemd/system" / name, env=os.environ | {"SYSTEMD_LOG_LEVEL": "warning"})
        if done.returncode != 0 or name in done.stderr:
            yield f"systemd-analyze verify {name}: {done.returncode} {done.stderr}"


def configuration_failures(tree, bin_folder):
    """The page's configuration is the installed one, and both programs take theirs, with real files beside them."""
    shown = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    if shown != [(tree / "etc/tanba/tanbad.toml").read_text(encoding="utf-8")]:
        yield "operating.md shows another configuration than examples/tanbad.toml"
    daemon, keyd = tree / "etc/tanba", tree / "etc/tanba-keyd"
    must("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", daemon / "tls-key.pem", "-out", daemon / "tls-cert.pem",
         "-subj", "/CN=tanba.example.kz", "-days", "30")
    for copy in (daemon / "root_rsa_2020.pem", daemon / "intermediates/nca_rsa.pem", keyd / "issuing-ca.pem"):
        shutil.copy2(daemon / "tls-cert.pem", copy)
    for folder in ("var/lib/tanba", "var/lib/tanba-keyd", "run/tanba-keyd"):
        (tree / folder).mkdir(parents=True)
    (keyd / "pin").touch(mode=0o600)
    (keyd / "pin").write_text("123456\n", encoding="ascii")
    for place in (daemon / "tanbad.toml", keyd / "keyd.toml"):
        text = re.sub(r'([":])/(etc|var/lib|run)/', rf"\1{tree}/\2/", place.read_text(encoding="utf-8"))
        # Users and groups of this machine: those of the page are in the tree.
        text = text.replace('"tanba-sign"', f'"{grp.getgrgid(os.getgid()).gr_name}"').replace('["tanba"]', f'["{pwd.getpwuid(os.getuid()).pw_name}"]')
        place.write_text(text, encoding="utf-8")
    for program, place in (("tanbad", daemon / "tanbad.toml"), ("tanba-keyd", keyd / "keyd.toml")):
        done = run(bin_folder / program, "--config", place, "--check-config")
        if done.returncode != 0:
            yield f"{program} --check-config: {done.returncode} {done.stdout}{done.stderr}"
    # That the check would have said it: without a licensor it does not pass.
    (daemon / "short.toml").write_text(re.sub(r"^monopolies = .*\n", "", (daemon / "tanbad.toml").read_text(encoding="utf-8"), flags=re.M), encoding="utf-8")
    if run(bin_folder / "tanbad", "--config", daemon / "short.toml", "--check-config").returncode != 78:
        yield "a configuration without one of the licensors passes"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    options = parser.parse_args()
    build = options.build.resolve()
    with tempfile.TemporaryDirectory(prefix="tanba-install-") as name:
        tree, prefix = pathlib.Path(name) / "tree", pathlib.Path(name) / "prefix"
        wrong = [*install(build, tree), *unit_failures(tree), *configuration_failures(tree, tree / "usr/local/bin")]
        shutil.rmtree(tree)
        must("cmake", "--install", build, "--prefix", prefix)
        wrong += verify_units(prefix)
    print("\n".join(wrong) or "the installed tree holds what the units name")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
