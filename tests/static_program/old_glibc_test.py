"""The static program on a base with glibc 2.31 whose nsswitch.conf names modules of that glibc.

Usage: old_glibc_test.py PROGRAM. Exit status 77: skipped, with the reason.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from channel.debian_pool import configured_mirror, download
from channel.make_channel import inputs_folder

PROGRAM = Path(sys.argv[1])
SUITE = "bullseye"
# The modules of nss are what a careless static program loads, and dies of.
PACKAGES = ["libc6", "libgcc-s1", "libcap2", "libnss-myhostname", "libnss-mdns"]
NSSWITCH = "hosts: files mdns4_minimal [NOTFOUND=return] myhostname dns\n"


def fetch_packages() -> list[Path]:
    """The old suite's packages, downloaded once."""
    folder = inputs_folder() / "old-glibc"
    if not (folder / ".complete").exists():
        if failure := download(folder, SUITE, configured_mirror(), PACKAGES):
            skip(f"{SUITE} cannot be fetched: {failure}")
        (folder / ".complete").touch()
    return sorted(folder.glob("*.deb"))


def make_root(root: Path) -> None:
    """A base with an old C library, its name services, and the program."""
    for deb in fetch_packages():
        content = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["tar", "-C", root, "-x", "--keep-directory-symlink"], input=content, check=True)
    for folder in ("etc", "tmp"):
        (root / folder).mkdir(exist_ok=True)
    (root / "etc/nsswitch.conf").write_text(NSSWITCH)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    shutil.copy(PROGRAM, root / "tmp/aimlock")


def skip(reason: str) -> None:
    """Ends the test as skipped."""
    print(f"skipped: {reason}")
    sys.exit(77)


class OldGlibc(unittest.TestCase):
    root: Path

    def run_inside(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["/usr/sbin/chroot", self.root, "/tmp/aimlock", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={"HOME": "/tmp"})

    def test_the_program_needs_no_shared_library(self) -> None:
        shown = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=False)
        self.assertIn("not a dynamic executable", shown.stdout + shown.stderr)

    def test_it_starts(self) -> None:
        self.assertTrue((self.root / "lib/x86_64-linux-gnu/libc-2.31.so").exists())
        done = self.run_inside("--version")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("aimlock", done.stdout)

    def test_looking_up_a_host_that_is_not_there_is_an_error_and_no_crash(self) -> None:
        channel = "http://nosuch.invalid/channel"
        done = self.run_inside("solve", "--dry-run", "--channel", channel, "--conda", "python", "--cuda", "none")
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn("nosuch.invalid", done.stderr)


if __name__ == "__main__":
    if not PROGRAM.is_file():
        skip("no static program: cmake --preset static && cmake --build --preset static makes it")
    if os.geteuid() != 0:
        skip("only root can enter another root folder")
    with tempfile.TemporaryDirectory() as made:
        OldGlibc.root = Path(made)
        make_root(OldGlibc.root)
        unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
