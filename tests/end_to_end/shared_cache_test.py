"""Sixteen installations at once over one empty cache: each archive is asked for once, and every prefix is right.

Usage: shared_cache_test.py AIMLOCK
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fault_sweep import MANIFEST, tree
from small_world import SmallWorld

PROCESSES = 16


def main() -> int:
    aimlock = str(Path(sys.argv[1]).resolve())
    folder = Path(tempfile.mkdtemp(prefix="aimlock-many-"))
    try:
        with SmallWorld(folder / "world") as world:
            (folder / "aimlock.toml").write_text(MANIFEST.format(channel=world.channel, index=world.index, numpy="*"))
            environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "solving"), "NO_COLOR": "1"}
            subprocess.run([aimlock, "solve", "-q"], cwd=folder, env=environment, check=True)
            world.requests.clear()
            world.delay = 0.05
            environment["XDG_CACHE_HOME"] = str(folder / "cache")
            # Half of them into one prefix, half into their own.
            prefixes = [folder / "env" / ("shared" if i % 2 else str(i)) for i in range(PROCESSES)]
            running = [subprocess.Popen([aimlock, "install", "--prefix", str(prefix)], cwd=folder, env=environment, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True) for prefix in prefixes]
            outputs = [process.communicate(timeout=100)[0] for process in running]
            failed = [text for process, text in zip(running, outputs) if process.returncode != 0]
            asked = Counter(path for path in world.requests if path.endswith((".whl", ".tar.bz2", ".conda")))
        trees = [tree(prefix) for prefix in sorted(set(prefixes))]
        # Records name the prefix; what lies where, and of which kind, is the same in all.
        shapes = {tuple((path, kind, mode) for path, (kind, mode, _) in found.items()) for found in trees}
        twice = [path for path, count in asked.items() if count > 1]
        left = [str(path) for path in (folder / "cache").rglob("*") if path.name.endswith((".part", ".lock"))]
        left += [path.name for path in (folder / "env").iterdir() if path not in prefixes]
        print(f"{PROCESSES} processes, {len(asked)} archives: {len(failed)} failed, {len(twice)} downloaded twice, "
              f"{len(shapes)} kinds of tree, {len(left)} files left behind")
        print("\n".join(failed + twice + left))
        return 1 if failed or twice or left or len(shapes) != 1 or not asked else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
