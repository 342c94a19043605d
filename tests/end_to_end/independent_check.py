"""Checks a solution by a reading that shares nothing with the solver: `packaging` for PyPI, py-rattler's MatchSpec for conda."""

import re

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from rattler import MatchSpec, PackageName, PackageRecord
from rattler.package import BuildString


def _record(name: str, version: str, build: str) -> PackageRecord:
    return PackageRecord(PackageName(name), version, BuildString(build), 0, "linux-64", None, None)


def _conda_faults(packages: list[dict], facts: dict[str, tuple[str, str]]) -> list[str]:
    there = {p["name"]: _record(p["name"], p["version"], p["build"]) for p in packages if p["kind"] == "conda"}
    there |= {name: _record(name, version, build) for name, (version, build) in facts.items()}
    faults = []
    for package in packages:
        if package["kind"] != "conda":
            continue
        for text in package["requires"]:
            name = re.split(r"[ =<>!~\[]", text.split("::")[-1].strip())[0]
            if name not in there or not MatchSpec(text).matches(there[name]):
                faults.append(f"{package['name']} needs {text}")
    return faults


def _environment(python: str) -> dict[str, str]:
    return default_environment() | {
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "implementation_version": python,
        "platform_machine": "x86_64",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }


def check(target: dict, roots: list[str], python: str, name_map: dict[str, list[str]]) -> list[str]:
    """What is wrong with one target of `aimlock solve --json`; `roots` are its PyPI requirements. Empty: nothing."""
    packages = target["packages"]
    facts = {}
    for text in target["virtual_packages"]:
        name, version, *build = text.split("=")
        facts[name] = (version, build[0] if build else "0")
    faults = _conda_faults(packages, facts)
    conda_names = {canonicalize_name(name) for name in name_map}
    providers: dict[str, list[tuple[str, dict]]] = {}
    for package in packages:
        names = [package["name"]]
        if package["kind"] == "conda":
            own = [canonicalize_name(n) for n in name_map.get(package["name"], [])]
            # A map lists vendored distributions, too; those of another conda package are not this one's.
            names = [n for n in own if n == canonicalize_name(package["name"]) or len(own) == 1 or n not in conda_names]
        for name in names:
            providers.setdefault(name, []).append((package["version"], package))
    for name, found in providers.items():
        if any(p["kind"] == "pypi" for _, p in found) and len(found) > 1:
            faults.append(f"{len(found)} providers of {name}")
    environment = _environment(python)
    open_requirements = [(Requirement(root), None, "the request") for root in roots]
    seen: set[tuple[str, str | None]] = set()
    while open_requirements:
        requirement, extra, by = open_requirements.pop()
        if requirement.marker and not requirement.marker.evaluate(environment | {"extra": extra or ""}):
            continue
        name = canonicalize_name(requirement.name)
        if name not in providers:
            faults.append(f"{by} needs {requirement}, which nothing provides")
            continue
        for version, package in providers[name]:
            try:
                fits = requirement.specifier.contains(Version(version.replace("_", ".")), prereleases=True)
            except InvalidVersion:
                continue
            if not fits:
                faults.append(f"{by} needs {requirement}, there is {version}")
            for wanted in (None, *map(canonicalize_name, requirement.extras)):
                if package["kind"] != "pypi" or (name, wanted) in seen:
                    continue
                seen.add((name, wanted))
                open_requirements += [(Requirement(text), wanted, name) for text in package["requires"]]
    unasked = {p["name"] for p in packages if p["kind"] == "pypi"} - {name for name, _ in seen}
    return faults + [f"nothing asks for {name}" for name in sorted(unasked)]
