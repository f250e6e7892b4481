#!/usr/bin/python3
"""Holds docs/reference/report.md against what the program prints: every member is on the page, and none is invented.

    tests/docs/check_report.py --bin DIR --authority DIR
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def members_of(page, number):
    """The names in the first column of the page's table of this number."""
    table = re.findall(r"\| member \| meaning \|\n\| --- \| --- \|\n((?:\|.*\n?)+)", page)[number]
    names = set()
    for row in table.splitlines():
        names |= set(re.findall(r"`(\w+)`", row.split("|")[1]))
    return names


def report_of(options, *arguments):
    done = subprocess.run([options.bin / "tanba", *map(str, arguments), "--json"], capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def compare(what, found, described, wrong):
    for name in sorted(found - described):
        wrong.append(f"{what}: {name} is in the report and not on the page")
    for name in sorted(described - found):
        wrong.append(f"{what}: {name} is on the page and not in the report")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--authority", type=pathlib.Path, required=True)
    options = parser.parse_args()
    page = (ROOT / "docs/reference/report.md").read_text(encoding="utf-8")
    authority, wrong = options.authority, []
    trust = ["--trust", authority / "anchors.pem", "--intermediate", authority / "ca/issuing.pem", "--crl", authority / "crl"]
    document = report_of(options, "verify", authority / "scenarios/cms-attached/document.cms", *trust)
    certificate = report_of(options, "cert", "verify", authority / "certs/head.pem", *trust)
    compare("report", set(document) | set(certificate), members_of(page, 0), wrong)
    compare("signature", set(document["signatures"][0]), members_of(page, 1), wrong)
    if set(certificate["result"]) - members_of(page, 1):
        wrong.append(f"result: {set(certificate['result']) - members_of(page, 1)} is not on the page")
    stamped = report_of(options, "verify", authority / "scenarios/cms-stamped-good/document.cms", *trust)
    of_claims = {"indication", "subIndication", "errors", "warnings", "algorithms", "certificate", "chain", "revocation",
                 "missingEvidence"}
    compare("time stamp", set(stamped["signatures"][0]["timestamps"][0]) - of_claims, members_of(page, 3), wrong)
    countersigned = report_of(options, "verify", authority / "scenarios/cms-countersigned/document.cms", *trust)
    compare("counter-signature", set(countersigned["signatures"][0]["counterSignatures"][0]) - of_claims - {"claimedSigningTime"},
            members_of(page, 2), wrong)
    alone = report_of(options, "timestamp", "verify", authority / "tsp/ok.tst", "--data", authority / "tsp/data.bin", *trust)
    if set(alone["answer"]) - members_of(page, 3):
        wrong.append(f"answer of a time stamp: {set(alone['answer']) - members_of(page, 3)} is not on the page")
    for line in wrong:
        print(line)
    print(f"{len(wrong)} differences between the report and docs/reference/report.md")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
