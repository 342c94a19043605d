"""The Python interpreter: Debian's packages of one version, made to live at any prefix."""

import re
import shutil
import tempfile
from pathlib import Path

from .conda_package import PLACEHOLDER, CondaPackage, set_relative_rpath
from .debian_names import conda_dependencies, fields, strongest, upstream_version
from .debian_packages import copy_tree, debs_of, drop_links_outside, unpack
from .debian_pool import PYTHON_OF_SUITE

# What Debian adds for a system Python and an environment's Python must not have; nis needs libtirpc and Kerberos.
SYSTEM_ONLY = ["EXTERNALLY-MANAGED", "sitecustomize.py", "_distutils_system_mod.py", "lib-dynload/nis.*"]
# Debian's install schemes name /usr/local and dist-packages; longest first.
SYSCONFIG_SCHEMES = [
    ("/local/lib/python{py_version_short}/dist-packages", "/lib/python{py_version_short}/site-packages"),
    ("lib/python3/dist-packages", "lib/python{py_version_short}/site-packages"),
    *((f"{{{base}}}/local", f"{{{base}}}") for base in ("base", "platbase", "installed_base", "installed_platbase")),
]
DISTUTILS_SCHEMES = [
    ("/local/lib/python$py_version_short/dist-packages", "/lib/python$py_version_short/site-packages"),
    ("lib/python3/dist-packages", "lib/python$py_version_short/site-packages"),
    ("$base/local", "$base"),
    ("$platbase/local", "$platbase"),
]


def python_package(suite: str, suite_folder: Path, work: Path) -> CondaPackage:
    """The suite's Python with its standard library."""
    short = PYTHON_OF_SUITE[suite]
    python = f"python{short}"
    names = [f"{python}-minimal", f"lib{python}-minimal", f"lib{python}-stdlib", python, "python3-distutils"]
    debs = debs_of(suite_folder, names)
    package = CondaPackage(
        Path(tempfile.mkdtemp(dir=work)),
        "python",
        upstream_version(fields(debs[0], "Version")[0]),
        site_packages_path=f"lib/{python}/site-packages",
    )
    abi = f"python_abi {short}.* *_cp{short.replace('.', '')}"
    package.constrains = [abi]
    package.run_exports = {"noarch": ["python"], "weak": [abi]}
    binary = [deb for deb in debs if "distutils" not in deb.name]
    dependencies = [one for deb in binary for one in conda_dependencies(deb, names)]
    package.depends = [*strongest(dependencies), "ca-certificates", "libstdcxx", "libgcc"]
    tree = unpack(debs, work, package)
    copy_tree(tree / "usr/lib" / python, package.root / "lib" / python)
    add_programs(package, tree, python)
    shutil.rmtree(tree)
    library = package.root / "lib" / python
    drop_system_parts(package, library)
    use_site_packages(library)
    use_prefix_in_sysconfig(library)
    package.add(f"lib/{python}/site-packages/README.txt", "Packages of this environment are installed here.\n")
    set_relative_rpath(package)
    return package


def add_programs(package: CondaPackage, tree: Path, python: str) -> None:
    """bin/pythonX.Y and bin/pydocX.Y with the short names that people type."""
    program = (tree / "usr/bin" / python).read_bytes()
    # `site` is frozen into the program since 3.11, so that editing site.py has no effect; the two names have one length.
    package.add(f"bin/{python}", program.replace(b"dist-packages", b"site-packages"), 0o755)
    for short_name in ("python", "python3"):
        package.link(f"bin/{short_name}", python)
    pydoc = python.replace("python", "pydoc")
    _, body = (tree / "usr/bin" / pydoc).read_text().split("\n", 1)
    package.add(f"bin/{pydoc}", f"#!{PLACEHOLDER}/bin/{python}\n{body}", 0o755)
    package.link("bin/pydoc", pydoc)


def drop_system_parts(package: CondaPackage, library: Path) -> None:
    """Removes what belongs to a system's Python only."""
    for pattern in SYSTEM_ONLY:
        for file in library.glob(pattern):
            file.unlink()
    drop_links_outside(package)


def replace_in(file: Path, replacements: list[tuple[str, str]]) -> None:
    """Replaces texts in a file of the library, if this version has it."""
    if file.is_file():
        text = file.read_text()
        for old, new in replacements:
            text = text.replace(old, new)
        file.write_text(text)


def use_site_packages(library: Path) -> None:
    """Makes the library install to and look in PREFIX/lib/pythonX.Y/site-packages."""
    replace_in(library / "site.py", [('"local/lib"', '"lib"'), ('"dist-packages"', '"site-packages"')])
    replace_in(library / "sysconfig.py", SYSCONFIG_SCHEMES)
    replace_in(library / "sysconfig/__init__.py", SYSCONFIG_SCHEMES)
    replace_in(library / "distutils/command/install.py", DISTUTILS_SCHEMES)


def use_prefix_in_sysconfig(library: Path) -> None:
    """The build-time variables name the prefix: a text file in which an installer must replace the placeholder."""
    for file in library.glob("_sysconfigdata_*.py"):
        if not file.is_symlink():
            file.write_text(re.sub(r"/usr(?=[/' ])", PLACEHOLDER, file.read_text()))
