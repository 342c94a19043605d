"""Container engines for tests: started here, in folders of their own, ended by process id.

BuildKit is the one inside Debian's dockerd, driven by /usr/bin/docker. The daemon lives in a network namespace of its own:
its default bridge, docker0, is then no business of the machine's. buildah and podman need no daemon.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

from channel.debian_pool import configured_mirror, download
from channel.make_channel import inputs_folder

BASE = "localhost/base:1"
# Enough for a conda environment and its build: a shell, coreutils and a C library.
BASE_PACKAGES = """
    libc6 libgcc-s1 base-files dash bash coreutils libtinfo6 libselinux1 libpcre2-8-0 libacl1 libattr1 libgmp10
""".split()
DOCKER = "/usr/bin/docker"  # Debian's: another client on PATH may lack BuildKit
START_LIMIT_S = 15
RAISE_LOOPBACK = (
    "import fcntl, os, socket, struct, sys; "
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 1)); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


def skip(reason: str) -> NoReturn:
    """Ends the test program as skipped, with the reason."""
    print(f"skipped: {reason}")
    sys.exit(77)


def run(*command: object, **options: object) -> str:
    """The standard output of a command; its error output is in the exception when it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\nexit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-6000:]}")
    return done.stdout


def base_archive() -> Path:
    """A tar of a small Debian root, downloaded and made once."""
    folder = inputs_folder() / "container-base"
    archive = folder / "base.tar"
    if archive.exists():
        return archive
    if failure := download(folder / "debs", "bookworm", configured_mirror(), BASE_PACKAGES):
        skip(f"Debian packages for a base cannot be fetched: {failure}")
    root = folder / "root"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for deb in sorted((folder / "debs").glob("*.deb")):
        run("dpkg", "-x", deb, root)
    for name in ("tmp", "proc", "sys", "dev", "etc", "run"):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    part = archive.with_suffix(".part")
    run("tar", "-C", root, "--sort=name", "--mtime=@0", "--numeric-owner", "-cf", part, ".")
    part.rename(archive)
    shutil.rmtree(root)
    return archive


class Docker:
    """A dockerd in `folder`; use as a context. Skips the test program where it does not come up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self.environment = os.environ | {
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(folder / "config"),
            "DOCKER_BUILDKIT": "1",
            "COMPOSE_DOCKER_CLI_BUILD": "1",
            # docker-compose takes the client from PATH.
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
        }
        self.daemon: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Docker":
        for program in ("/usr/sbin/dockerd", DOCKER):
            if not os.access(program, os.X_OK):
                skip(f"no {program}: scripts/install_dependencies installs it")
        (self.folder / "config").mkdir(parents=True)
        (self.folder / "bin").mkdir()
        (self.folder / "bin/docker").symlink_to(DOCKER)
        log = self.folder / "log"
        command = ["unshare", "--net", sys.executable, "-c", RAISE_LOOPBACK, "/usr/sbin/dockerd", "--storage-driver=overlay2"]
        command += ["--iptables=false", "--ip6tables=false", "--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec"]
        command += ["--pidfile", f"{self.folder}/pid", "-H", f"unix://{self.socket}"]
        with log.open("wb") as out:
            self.daemon = subprocess.Popen(command, stdout=out, stderr=out)
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline and self.daemon.poll() is None:
            if self.socket.exists() and self.attempt("version").returncode == 0:
                return self
            time.sleep(0.2)
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        self.__exit__()
        skip(f"dockerd did not start within {START_LIMIT_S} s: {' '.join(last)}")

    def __exit__(self, *_: object) -> None:
        if self.daemon is not None:
            self.daemon.terminate()
            try:
                self.daemon.wait(30)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        subprocess.run(["umount", f"{self.folder}/exec/netns/default"], capture_output=True, check=False)

    def attempt(self, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
        """A docker command that may fail. Keyword arguments are environment variables."""
        command = [DOCKER, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment | more)

    def docker(self, *words: object, cwd: Path | None = None, **more: str) -> str:
        """A docker command's output, error output included where the build writes its progress there."""
        command = [DOCKER, *map(str, words)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=cwd, env=self.environment | more)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}\nexit {done.returncode}\n{done.stdout[-8000:]}")
        return done.stdout

    def layers(self, image: str) -> list[str]:
        """The digests of an image's uncompressed layers."""
        return json.loads(self.docker("inspect", "--format", "{{json .RootFS.Layers}}", image))


class Buildah:
    """buildah and podman over a storage of their own in `folder`."""

    # This much a container may open and start; more than the tests' sandbox grants cannot be asked for.
    LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")

    def __init__(self, folder: Path) -> None:
        for program in ("buildah", "podman"):
            if shutil.which(program) is None:
                skip(f"no {program}: scripts/install_dependencies installs it")
        self.storage = ["--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "overlay"]
        try:
            run("podman", *self.storage, "import", "-q", base_archive(), BASE)
        except AssertionError as failure:
            skip(f"podman cannot store an image here: {str(failure).strip().splitlines()[-1]}")
        self.folder = folder

    def build(self, context: Path, image: str, *options: str) -> str:
        """Builds with no cache and fixed times; the image's id."""
        command = ["buildah", *self.storage, "bud", "--isolation", "chroot", "--network", "host", "--layers", "--no-cache"]
        command += ["--timestamp", "1700000000", *options, "-f", context / "Dockerfile", "-t", image, context]
        return run(*command).strip().splitlines()[-1]

    def run(self, image: str, *words: str) -> str:
        """Runs a command in a container without network."""
        return run("podman", *self.storage, "run", "--rm", "--network", "none", *self.LIMITS, image, *words)

    def close(self) -> None:
        """Removes the images and the storage's mount. (A reset of podman would also remove the machine's networks.)"""
        for command in (["buildah", *self.storage, "rm", "--all"], ["podman", *self.storage, "rmi", "--all", "--force"]):
            subprocess.run(command, capture_output=True, check=False)
        subprocess.run(["umount", f"{self.folder}/root/overlay"], capture_output=True, check=False)
