"""The joint solve on real records: conda-forge's and PyPI's, as they were recorded in ../shared.

Usage: real_world_test.py AIMLOCK SHARED [unittest options]. Exit status 77: skipped, with the reason.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from end_to_end.independent_check import check

AIMLOCK, SHARED = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2])
if not (SHARED / "channels").is_dir() or not (SHARED / "pypi").is_dir():
    print("skipped: this clone has no ../shared/channels and ../shared/pypi")
    sys.exit(77)
CHANNEL = SHARED / "channels" / "conda-forge"
NAME_MAP = json.loads((SHARED / "channels" / "pypi_mapping.json").read_text())
TORCH_STACK = ["python 3.12.*", "pytorch-gpu", "jupyterlab", "scikit-learn"]
HUB_STACK = ["transformers", "accelerate", "datasets", "gradio", "mlflow"]


class RealWorld(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="aimlock-real-"))
        subprocess.run(["tar", "-x", "--zstd", "-C", str(cls.folder), "-f", str(SHARED / "pypi" / "pypi-snapshot.tar.zst")], check=True)

    @classmethod
    def tearDownClass(cls) -> None:
        shutil.rmtree(cls.folder, ignore_errors=True)

    def solve(self, conda: list[str], pypi: list[str], *options: str) -> tuple[int, dict]:
        words = [word for spec in conda for word in ("--conda", spec)] + [word for name in pypi for word in ("--pypi", name)]
        if conda:
            words += ["--channel", str(CHANNEL)]
        done = subprocess.run(
            [AIMLOCK, "solve", "--json", "--dry-run", "--platform", "linux-64", "--glibc", "2.35", "--exclude-newer", "2026-11-20",
             "--index", str(self.folder / "simple"), *words, *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300, cwd=self.folder,
        )
        return done.returncode, json.loads(done.stdout)

    def solved(self, conda: list[str], pypi: list[str], *options: str) -> dict[str, dict]:
        status, document = self.solve(conda, pypi, *options)
        self.assertEqual((status, document["status"]), (0, "solved"), document)
        target = document["targets"][0]
        packages = {(p["kind"], p["name"]): p for p in target["packages"]}
        python = packages.get(("conda", "python"), {"version": "3.12.13"})["version"]
        self.assertEqual(check(target, pypi, python, NAME_MAP), [])
        self.stats = document["stats"]
        return packages

    def test_the_stack_of_pytorch_and_the_hub_libraries(self) -> None:
        packages = self.solved(TORCH_STACK, HUB_STACK, "--cuda", "12.4")
        self.assertIn(("conda", "numpy"), packages)
        self.assertNotIn(("pypi", "numpy"), packages)
        self.assertNotIn(("pypi", "torch"), packages)
        self.assertTrue(packages["conda", "cuda-version"]["version"].startswith("12."))
        print(f"\njoint stack: {len(packages)} packages, {json.dumps(self.stats)}")

    def test_pytorch_gpu_without_a_driver_is_refused_by_name(self) -> None:
        status, document = self.solve(TORCH_STACK, HUB_STACK, "--cuda", "none")
        self.assertEqual((status, document["status"]), (1, "unsatisfiable"))
        self.assertIn("__cuda", document["conflict"]["explanation"])
        self.assertEqual(document["conflict"]["requirements"], ["conda: pytorch-gpu"])

    def test_the_ai_stack_is_the_reference_answer_pin_by_pin(self) -> None:
        names = (SHARED / "pypi" / "ai-stack.in").read_text().split()
        packages = self.solved([], names, "--python", "3.12", "--cuda", "13.2")
        pins = {}
        for line in (SHARED / "pypi" / "ai-stack.pins").read_text().splitlines():
            if found := re.match(r"([A-Za-z0-9._-]+)(?:\[.*\])?==(\S+)", line):
                pins[re.sub(r"[-_.]+", "-", found[1]).lower()] = found[2]
        self.assertEqual({name: p["version"] for (_, name), p in packages.items()}, pins)
        self.assertLessEqual(self.stats["rounds"], 8)
        self.assertLessEqual(self.stats["metadata_documents"], 1.15 * len(pins))
        self.assertTrue(self.stats["objective_complete"], self.stats)

    def test_no_direct_requirement_falls_back_by_years(self) -> None:
        # fastapi 0.1.17 of 2019 bounds nothing yet and goes with every starlette.
        packages = self.solved([], ["starlette<=0.36.0", "fastapi<=0.115.2"], "--python", "3.12", "--cuda", "13.2")
        self.assertEqual({name: packages["pypi", name]["version"] for name in ("fastapi", "starlette")},
                         {"fastapi": "0.109.1", "starlette": "0.35.1"})
        self.assertLessEqual(self.stats["rounds"], 25)
        self.assertTrue(self.stats["objective_complete"], self.stats)
        print(f"\nAI stack: {len(packages)} packages, {json.dumps(self.stats)}")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
