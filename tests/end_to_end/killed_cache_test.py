"""SIGKILL while the cache is written, in a loop over one cache: never a wrong answer after.

Usage: killed_cache_test.py AIMLOCK. AIMLOCK_TEST_KILLS is the number of kills (10).

Each round ends `aimlock solve`, or `aimlock solve --refresh`, at another moment of its run, over the cache that earlier kills left.
Then the cache must verify; offline, what it holds must give the one right lock or say that something is missing; with the server, the
right lock. Every fourth round an installation is ended too, and the next one must give the right prefix. The kills are of the
program only: what the kernel has, the disk gets.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fault_sweep import MANIFEST, tree
from small_world import SmallWorld

AIMLOCK = str(Path(sys.argv[1]).resolve())


class Loop:
    def __init__(self, folder: Path, world: SmallWorld) -> None:
        self.folder, self.world = folder, world
        self.cache, self.lock, self.prefix = folder / "cache", folder / "aimlock.lock", folder / "env"
        self.wrong: list[str] = []
        self.killed = self.complete_offline = 0
        (folder / "aimlock.toml").write_text(MANIFEST.format(channel=world.channel, index=world.index, numpy="*"))

    def start(self, *words: str) -> subprocess.Popen:
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.cache), "NO_COLOR": "1"}
        return subprocess.Popen([AIMLOCK, *words], cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def run(self, *words: str) -> tuple[int, str, float]:
        began = time.monotonic()
        process = self.start(*words)
        text = process.communicate(timeout=60)[1]
        return process.returncode, text, time.monotonic() - began

    def install_words(self) -> tuple[str, ...]:
        return "install", "--prefix", str(self.prefix)

    def prepare(self) -> None:
        code, text, self.solving = self.run("solve")
        assert code == 0, text
        self.right_lock = self.lock.read_bytes()
        code, text, self.installing = self.run(*self.install_words())
        assert code == 0, text
        self.right_tree = tree(self.prefix)
        shutil.rmtree(self.cache)

    def kill(self, after: float, *words: str) -> None:
        process = self.start(*words)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.killed += process.returncode == -signal.SIGKILL

    def expect(self, what: str, holds: bool, text: str = "") -> None:
        if not holds:
            self.wrong.append(f"{what}: {text}")

    def round(self, number: int, of: int) -> None:
        if number % 8 == 0:
            shutil.rmtree(self.cache, ignore_errors=True)
        moment = 0.05 + 0.85 * (number * 37 % of) / of  # every part of the run, in an order that jumps
        self.lock.unlink(missing_ok=True)
        self.kill(moment * self.solving, "solve", *(["--refresh"] if number % 8 else []))
        self.expect("the lock after a kill", not self.lock.exists() or self.lock.read_bytes() == self.right_lock)
        code, text, _ = self.run("cache", "verify")
        self.expect("verify", code == 0, text)
        self.lock.unlink(missing_ok=True)
        code, text, _ = self.run("solve", "--offline")
        self.complete_offline += code == 0
        self.expect("offline", self.lock.read_bytes() == self.right_lock if code == 0 else code == 2 and "--offline" in text, text)
        if number % 3 == 0:
            code, text, _ = self.run("solve")
            self.expect("solving after", code == 0 and self.lock.read_bytes() == self.right_lock, text)
        if number % 4 == 0:
            self.lock.write_bytes(self.right_lock)
            shutil.rmtree(self.prefix, ignore_errors=True)
            self.kill(moment * self.installing, *self.install_words())
            code, text, _ = self.run(*self.install_words())
            self.expect("installing after", code == 0 and tree(self.prefix) == self.right_tree, text)

    def end(self) -> None:
        """No file that nobody would ever remove."""
        code, text, _ = self.run("cache", "prune")
        self.expect("prune", code == 0, text)
        left = [str(path) for path in self.cache.rglob("*") if path.name.endswith((".part", ".tmp")) or path.name.startswith(".tmp")]
        self.expect("left behind after `cache prune`", not left, str(left))
        code, text, _ = self.run("solve")
        self.expect("solving at the end", code == 0 and self.lock.read_bytes() == self.right_lock, text)


def main() -> int:
    kills = int(os.environ.get("AIMLOCK_TEST_KILLS", "10"))
    folder = Path(tempfile.mkdtemp(prefix="aimlock-killed-"))
    try:
        with SmallWorld(folder / "world") as world:
            world.delay = 0.01  # so that writing goes on during most of a run
            world.server.handle_error = lambda *_: None  # of connections that end with the program
            loop = Loop(folder, world)
            loop.prepare()
            rounds = 0
            while loop.killed < kills and rounds < 5 * kills:  # a program that ends before its kill does not count
                loop.round(rounds, 200)
                rounds += 1
            loop.end()
        print(f"{loop.killed} kills in {rounds} rounds, {loop.complete_offline} times the cache was complete enough to solve offline: "
              f"{len(loop.wrong)} wrong answers")
        print("\n".join(loop.wrong[:10]))
        return 1 if loop.wrong or loop.killed < kills else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
