"""Python packages: conda packages made of PyPI's wheels."""

import base64
import configparser
import csv
import email.message
import email.parser
import hashlib
import io
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from .conda_package import EPOCH, PLACEHOLDER, CondaPackage
from .pypi_pool import Wanted, normalise

# PyPI name -> conda name, where they differ: what a name map is for.
CONDA_NAME = {"typing-extensions": "typing_extensions", "tzdata": "python-tzdata"}
# The wrapper that conda's builders write for a console script.
ENTRY_POINT = """\
#!{placeholder}/bin/python
import re
import sys

from {module} import {imported}

if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])
    sys.exit({function}())
"""


@dataclass(frozen=True)
class WheelFile:
    """A file of a wheel: where it goes (`site`, `scripts` or `data`), its path there, its content."""

    scheme: str
    path: str
    content: bytes
    runnable: bool


class Wheel:
    """An opened wheel."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip = zipfile.ZipFile(path)
        names = [name for name in self._zip.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        self.dist_info = names[0].split("/")[0]
        self.metadata: email.message.Message = email.parser.BytesParser().parsebytes(self._zip.read(names[0]))
        self.name = normalise(self.metadata["Name"])
        self.version: str = self.metadata["Version"]

    def names(self) -> list[str]:
        """The names of all members."""
        return self._zip.namelist()

    def read(self, name: str) -> bytes:
        """A member's content."""
        return self._zip.read(name)

    def console_scripts(self) -> dict[str, str]:
        """Script name -> module:function."""
        name = f"{self.dist_info}/entry_points.txt"
        if name not in self.names():
            return {}
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(self.read(name).decode())
        return dict(parser["console_scripts"]) if parser.has_section("console_scripts") else {}

    def files(self) -> Iterator[WheelFile]:
        """The files to install, without those that an installer writes itself."""
        written_by_installer = {f"{self.dist_info}/{name}" for name in ("RECORD", "RECORD.jws", "INSTALLER", "direct_url.json")}
        data_folder = self.dist_info.replace(".dist-info", ".data") + "/"
        for entry in self._zip.infolist():
            if entry.is_dir() or entry.filename in written_by_installer:
                continue
            runnable = bool((entry.external_attr >> 16) & 0o111)
            scheme, path = "site", entry.filename
            if path.startswith(data_folder):
                scheme, path = path[len(data_folder) :].split("/", 1)
                scheme = "site" if scheme in ("purelib", "platlib") else scheme
            if scheme in ("site", "scripts", "data"):
                yield WheelFile(scheme, path, self._zip.read(entry), runnable or scheme == "scripts")


def conda_name(pypi_name: str) -> str:
    """The channel's name for a distribution."""
    return CONDA_NAME.get(pypi_name, pypi_name)


def wheel_package(wanted: Wanted, wheel_path: Path, known: set[str], pythons: list[str], work: Path) -> CondaPackage:
    """The conda package of one wheel: noarch for a pure one, else for the Python that was wanted."""
    wheel = Wheel(wheel_path)
    package = CondaPackage(Path(tempfile.mkdtemp(dir=work)), conda_name(wheel.name), wheel.version)
    package.pypi_name = wheel.name
    package.origin["wheel"] = wheel_path.name
    package.timestamp = release_timestamp(wheel.version)
    if wanted.tag is None:
        package.subdir, package.noarch, package.build_prefix = "noarch", "python", "pyh"
        package.depends = [*conda_requirements(wheel, pythons, known), python_requirement(wheel)]
        package.entry_points = [f"{name} = {target}" for name, target in wheel.console_scripts().items()]
        add_files(package, wheel, "site-packages/", "python-scripts/")
    else:
        short = f"{wanted.tag[2]}.{wanted.tag[3:]}"
        package.build_prefix = f"py{wanted.tag[2:]}h"
        package.depends = conda_requirements(wheel, [short], known) + extension_requirements(short, wheel_path.name)
        add_files(package, wheel, f"lib/python{short}/site-packages/", "bin/")
        for name, target in wheel.console_scripts().items():
            package.add(f"bin/{name}", entry_point(target), 0o755)
    return package


def release_timestamp(version: str) -> int:
    """A time in milliseconds that grows with the version: the wheel itself knows none."""
    places = [*Version(version).release, 0, 0, 0][:3]
    return EPOCH * 1000 + sum(place * 1000 ** (3 - index) for index, place in enumerate(places))


def python_requirement(wheel: Wheel) -> str:
    """Requires-Python as a conda dependency."""
    bounds = wheel.metadata.get("Requires-Python", "").replace(" ", "")
    return f"python {bounds}".strip()


def extension_requirements(short: str, wheel_name: str) -> list[str]:
    """What extension modules for one Python need."""
    major, minor = short.split(".")
    glibc = max((int(found) for found in re.findall(r"manylinux_2_(\d+)_", wheel_name)), default=17)
    return [
        f"python >={short},<{major}.{int(minor) + 1}.0a0",
        f"python_abi {short}.* *_cp{major}{minor}",
        "libstdcxx",
        "libgcc",
        f"__glibc >=2.{glibc},<3.0a0",
    ]


def conda_requirements(wheel: Wheel, pythons: list[str], known: set[str]) -> list[str]:
    """Requires-Dist in conda's words: what any of the Pythons needs, as far as the channel has it."""
    dependencies = []
    for text in wheel.metadata.get_all("Requires-Dist") or []:
        requirement = Requirement(text)
        name = conda_name(normalise(requirement.name))
        if not any(applies(requirement, python) for python in pythons):
            continue
        if name not in known:
            print(f"note: {wheel.path.name}: dependency {name} is not in the channel, left out", file=sys.stderr)
            continue
        bounds = sorted(conda_bound(one.operator, one.version) for one in requirement.specifier)
        dependencies.append(f"{name} {','.join(bounds)}".strip())
    return dependencies


def conda_bound(operator: str, version: str) -> str:
    """One specifier: `==1.*` is written `1.*`."""
    return version if operator == "==" and version.endswith(".*") else operator + version


def applies(requirement: Requirement, python: str) -> bool:
    """Whether the marker holds on Linux for this Python, no extra asked."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    return requirement.marker is None or requirement.marker.evaluate(environment)


def add_files(package: CondaPackage, wheel: Wheel, site: str, scripts: str) -> None:
    """Stages the wheel's files and a RECORD of them."""
    rows: list[tuple[str, str, int | str]] = []
    for file in wheel.files():
        content = file.content
        if file.scheme == "site":
            package.add(site + file.path, content, 0o755 if file.runnable and scripts == "bin/" else 0o644)
            installed = file.path
        elif file.scheme == "scripts":
            content = re.sub(rb"^#!pythonw?", f"#!{PLACEHOLDER}/bin/python".encode(), content)
            package.add(scripts + file.path, content, 0o755)
            installed = f"../../../bin/{file.path}"
        else:
            package.add(file.path, content)
            installed = f"../../../{file.path}"
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append((installed, f"sha256={digest}", len(content)))
    package.add(f"{site}{wheel.dist_info}/INSTALLER", "conda\n")
    rows += [(f"{wheel.dist_info}/INSTALLER", "", ""), (f"{wheel.dist_info}/RECORD", "", "")]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    package.add(f"{site}{wheel.dist_info}/RECORD", text.getvalue())


def entry_point(target: str) -> str:
    """The script of an entry point `module:function`; packages that are not noarch carry it ready."""
    module, function = (part.strip() for part in target.split(":", 1))
    imported = function.split(".")[0]
    return ENTRY_POINT.format(placeholder=PLACEHOLDER, module=module, imported=imported, function=function)
