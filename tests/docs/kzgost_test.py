#!/usr/bin/python3
"""Runs every example of docs/reference/kzgost.md with kzgost.so as it is installed, and those that must fail.

    tests/docs/kzgost_test.py --build build/dev --authority build/dev/certs-test

The national authority's certificates come from $TANBA_CORPORA; without it the test authority's stand in their place.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/reference/kzgost.md"


def run(*arguments, **options):
    return subprocess.run([str(one) for one in arguments], capture_output=True, timeout=120, check=False, stdin=subprocess.DEVNULL, **options)


def install(build, prefix):
    """The component alone, elsewhere than it was configured for."""
    done = run("cmake", "--install", build, "--prefix", prefix, "--component", "kzgost")
    if done.returncode != 0:
        raise SystemExit(f"cmake --install: {done.stdout.decode()} {done.stderr.decode()}")
    modules = list(prefix.rglob("kzgost.so"))
    if len(modules) != 1 or modules[0].parent.name != "ossl-modules":
        raise SystemExit(f"installed: {modules}")
    return modules[0], prefix / "share/tanba/kzgost.cnf"


def system_configuration(snippet, folder):
    """An openssl.cnf with sections of its own, changed as the snippet's comment says: every program has the algorithms then."""
    own = snippet.read_text(encoding="utf-8")
    section = own[own.index("\n[tanba_kzgost]"):]
    path = folder / "openssl.cnf"
    path.write_text("openssl_conf = openssl_init\n[openssl_init]\nproviders = provider_sect\n"
                    "[provider_sect]\ndefault = default_sect\nkzgost = tanba_kzgost\n[default_sect]\nactivate = 1\n" + section, encoding="utf-8")
    return path


def snippet_failures(snippet):
    """The snippet is read by people too: every line is a comment, a section or a setting, and none is set twice."""
    section, seen = "", set()
    for line in filter(None, snippet.read_text(encoding="utf-8").splitlines()):
        if line.startswith("["):
            section = line
        elif not line.startswith("#"):
            name = re.fullmatch(r"(\w+) = [\w./-]+", line)
            if not name or (section, name[1]) in seen:
                yield f"{snippet.name}: {line}"
            else:
                seen.add((section, name[1]))


def lay_out(authority, folder):
    """The files that the page's examples name."""
    for source, name in (("anchors-gost.pem", "root.pem"), ("ca/gost-issuing.pem", "issuing.pem"), ("crl/gost-issuing.crl", "issuing.crl"),
                         ("ocsp/gost-head.ors", "head.ors"), ("p12/gost-head.p12", "head.p12"), ("p12/password.txt", "password.txt")):
        shutil.copy2(authority / source, folder / name)
    (folder / "application.txt").write_text("Өтініш\n", encoding="utf-8")
    corpora = os.environ.get("TANBA_CORPORA")
    national = pathlib.Path(corpora) / "kz/ca" if corpora else None
    if national and national.is_dir():
        sources = (national / "root_gost_2022.pem", national / "nca_gost_2022.pem")
    else:
        print("not run: the national authority's certificates ($TANBA_CORPORA/kz is not there)")
        sources = (folder / "root.pem", folder / "issuing.pem")
    for source, name in zip(sources, ("root_gost_2022.pem", "nca_gost_2022.pem")):
        shutil.copy2(source, folder / name)
    return corpora and pathlib.Path(corpora) / "kz"


def national_failures(national, folder, environment):
    """The test contour's list and roots by the command line, which says the verdict on standard error and leaves with 0."""
    run("openssl", "x509", "-inform", "DER", "-in", national / "test-ca/nca_gost2022_test.cer", "-out", "contour.pem", cwd=folder)
    line = ("openssl", "crl", "-provider", "default", "-provider", "kzgost", "-inform", "DER", "-CAfile", "contour.pem", "-noout", "-verify")
    octets = bytearray((national / "crl/nca_gost2022_test_2022-07.crl").read_bytes())
    for name, change, verdict in (("contour.crl", 0, b"verify OK"), ("contour-changed.crl", 1, b"verify failure")):
        octets[-1] ^= change
        (folder / name).write_bytes(octets)
        done = run(*line, "-in", name, cwd=folder, env=environment)
        if verdict not in done.stdout + done.stderr:
            yield f"{name}: {(done.stdout + done.stderr).decode()}"
    line = ("openssl", "pkcs12", "-provider", "legacy", "-provider", "default", "-provider", "kzgost", "-in", national / "p12/legal_valid_head.p12",
            "-nodes", "-out", "national.pem", "-passin")
    if run(*line, "pass:Qwerty12", cwd=folder, env=environment).returncode != 0 or run(*line, "pass:Qwerty13", cwd=folder, env=environment).returncode == 0:
        yield "the national key store opens without its password, or with it does not"
    run("openssl", "x509", "-inform", "DER", "-in", national / "ca/root_gost_2020.cer", "-out", "root_gost_2020.pem", cwd=folder)
    done = run("openssl", "verify", "-provider", "default", "-provider", "kzgost", "-CAfile", "root_gost_2020.pem", "nca_gost_2022.pem",
               cwd=folder, env=environment)
    if done.returncode == 0:
        yield "nca_gost_2022 verifies under root_gost_2020"


def failures(page, folder, environment, configuration):
    """What did not go as the page says."""
    script = "set -eux\n" + "".join(re.findall(r"```sh\n(.*?)```", page, re.S))
    done = run("bash", "-c", script, cwd=folder, env=environment, start_new_session=True)
    if done.returncode != 0:
        yield f"{done.stdout.decode()}\n{done.stderr.decode()}\nstatus {done.returncode}"
        return
    print(f"{script.count(chr(10))} lines ran")
    for block in re.findall(r"```sh fails\n(.*?)```", page, re.S):
        for line in block.strip().splitlines():
            if run("bash", "-c", line, cwd=folder, env=environment, start_new_session=True).returncode == 0:
                yield f"works, though the page says that it does not: {line}"
    # By configuration alone: no command names the provider, and no variable its place.
    yield from snippet_failures(configuration)
    unconfigured = {key: value for key, value in environment.items() if key != "OPENSSL_MODULES"}
    line = ("openssl", "verify", "-CAfile", "root_gost_2022.pem", "nca_gost_2022.pem")
    for path in (configuration, system_configuration(configuration, folder)):
        done = run(*line, cwd=folder, env=unconfigured | {"OPENSSL_CONF": str(path)})
        if done.returncode != 0:
            yield f"with {path.name}: {done.stderr.decode()}"
    if run(*line, cwd=folder, env=unconfigured).returncode == 0:
        yield "verifies without any configuration: the test above shows nothing"
    # And what must not verify does not: another root, a changed list, a changed document.
    lines = ("openssl verify -provider default -provider kzgost -CAfile ca.pem nca_gost_2022.pem",
             "openssl cms -provider default -provider kzgost -verify -inform DER -in detached.cms -content my.csr -CAfile root.pem "
             "-purpose any -binary -out content.txt",
             "openssl cms -provider default -provider kzgost -verify -inform DER -in application.cms -CAfile ca.pem -purpose any -binary "
             "-out content.txt")
    for line in lines:
        if run("bash", "-c", line, cwd=folder, env=environment).returncode == 0:
            yield f"must not verify: {line}"
    octets = bytearray((folder / "issuing.crl").read_bytes())
    octets[-1] ^= 1
    (folder / "changed.crl").write_bytes(octets)
    done = run("openssl", "crl", "-provider", "default", "-provider", "kzgost", "-inform", "DER", "-in", "changed.crl", "-CAfile",
               "issuing.pem", "-noout", "-verify", cwd=folder, env=environment)
    if b"verify OK" in done.stdout + done.stderr:  # it leaves with 0 either way
        yield "a changed list verifies"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--authority", type=pathlib.Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tanba-kzgost-") as name:
        folder = pathlib.Path(name)
        module, configuration = install(options.build.resolve(), folder / "installed")
        # The variable replaces OpenSSL's own folder, which has the legacy provider.
        own = run("openssl", "version", "-m").stdout.decode().split('"')[1]
        (module.parent / "legacy.so").symlink_to(pathlib.Path(own) / "legacy.so")
        national = lay_out(options.authority.resolve(), folder)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("TANBA_", "OPENSSL_"))}
        environment |= {"OPENSSL_MODULES": str(module.parent), "PATH": f"{options.build.resolve() / 'bin'}:{os.environ['PATH']}"}
        wrong = list(failures(PAGE.read_text(encoding="utf-8"), folder, environment, configuration))
        if national and national.is_dir():
            wrong += national_failures(national, folder, environment)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
