"""Packages that are written here: the ABI marker of each Python, and a program that checks its own prefix."""

import subprocess
import tempfile
from pathlib import Path

from .conda_package import PLACEHOLDER, CondaPackage

PREFIX_PROBE = r"""
#include <stdio.h>
#include <string.h>
static const char prefix[] = "@PREFIX@";
/* volatile: its length is the one after installation, not the one that the compiler saw */
static const char* volatile data = "@PREFIX@/share/prefix-probe/data.txt";
int main(void) {
    const char* file_name = data;
    char line[64] = {0};
    FILE* file = fopen(file_name, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        printf("cannot read %s\n", file_name);
        return 1;
    }
    printf("%s|%zu|%s", prefix, strlen(file_name), line);
    return 0;
}
"""


def python_abi(short: str, work: Path) -> CondaPackage:
    """The marker by which extension modules name the Python that they are for."""
    package = CondaPackage(Path(tempfile.mkdtemp(dir=work)), "python_abi", short, subdir="noarch", number=1)
    package.noarch = "generic"
    package.build = f"1_cp{short.replace('.', '')}"
    package.constrains = [f"python {short}.*"]
    return package


def prefix_probe(work: Path) -> CondaPackage:
    """A program with its prefix compiled in: it answers rightly only where the bytes were replaced rightly."""
    package = CondaPackage(Path(tempfile.mkdtemp(dir=work)), "prefix-probe", "1.0")
    source = work / "prefix_probe.c"
    source.write_text(PREFIX_PROBE.replace("@PREFIX@", PLACEHOLDER))
    program = package.root / "bin/prefix-probe"
    program.parent.mkdir()
    subprocess.run(["cc", "-O1", "-s", "-o", str(program), str(source)], check=True)
    package.add("share/prefix-probe/data.txt", "probe-ok\n")
    return package
