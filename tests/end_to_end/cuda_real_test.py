"""CUDA as part of the problem, on real records and the real index as they were recorded in ../shared.

Usage: cuda_real_test.py AIMLOCK SHARED [unittest options]. Exit status 77: skipped, with the reason.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

AIMLOCK, SHARED = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2]).resolve()
if not (SHARED / "channels").is_dir() or not (SHARED / "pypi").is_dir():
    print("skipped: this clone has no ../shared/channels and ../shared/pypi")
    sys.exit(77)


class Cuda(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="aimlock-cuda-"))
        archive = str(SHARED / "pypi" / "pypi-snapshot.tar.zst")
        subprocess.run(["tar", "-x", "--zstd", "-C", str(cls.folder), "-f", archive], check=True)

    @classmethod
    def tearDownClass(cls) -> None:
        shutil.rmtree(cls.folder, ignore_errors=True)

    def run_aimlock(self, *words: str) -> tuple[int, dict]:
        done = subprocess.run(
            [AIMLOCK, "solve", "--json", "--dry-run", "--exclude-newer", "2026-11-20", "--index", str(self.folder / "simple"), *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300, cwd=self.folder,
        )
        self.assertTrue(done.stdout, done.stderr)
        return done.returncode, json.loads(done.stdout)

    def solve(self, *words: str) -> dict:
        status, document = self.run_aimlock("--platform", "linux-64", "--glibc", "2.35", *words)
        self.assertEqual((status, document["status"]), (0, "solved"), document)
        target = document["targets"][0]
        self.warnings = target.get("warnings", [])
        return {name["name"]: name for name in target["packages"]}

    def refused(self, *words: str) -> dict:
        status, document = self.run_aimlock("--platform", "linux-64", "--glibc", "2.35", *words)
        self.assertEqual((status, document["status"]), (1, "unsatisfiable"), document)
        return document["conflict"]

    def channel(self, *names: str) -> list[str]:
        return [word for name in names for word in ("--channel", str(SHARED / "channels" / name))]

    # --- wheels

    def test_a_free_torch_is_the_newest_that_the_driver_runs(self) -> None:
        for driver, version in (("12.2", "2.10.0"), ("12.0", "2.10.0"), ("13.0", "2.15.0")):
            packages = self.solve("--python", "3.12", "--pypi", "torch", "--cuda", driver)
            self.assertEqual(packages["torch"]["version"], version, driver)

    def test_a_torch_of_cuda_13_is_refused_for_a_driver_of_12(self) -> None:
        conflict = self.refused("--python", "3.12", "--pypi", "torch==2.15.0", "--cuda", "12.2")
        self.assertIn("CUDA 13", conflict["explanation"])
        self.assertIn("needs driver 580", conflict["explanation"])
        changes = [repair["change"] for repair in conflict["repairs"] if repair["verified"]]
        self.assertTrue(any("2.10.0" in change for change in changes), changes)
        self.assertTrue(any("cuda 12.2 -> 13.0" in change for change in changes), changes)

    def test_no_torch_of_the_index_runs_without_a_driver(self) -> None:
        self.assertIn("no CUDA driver", self.refused("--python", "3.12", "--pypi", "torch", "--cuda", "none")["explanation"])

    def test_the_whole_fleet_counts(self) -> None:
        fleet = [word for gpu in ("7.0", "9.0") for word in ("--cuda-arch", gpu)]
        packages = self.solve("--python", "3.12", "--pypi", "torch", "--cuda", "13.0", *fleet)
        self.assertEqual(packages["torch"]["version"], "2.10.0")
        self.assertNotIn("nvidia-cuda-runtime", packages)
        blackwell = self.refused("--python", "3.12", "--pypi", "torch==2.7.1", "--cuda", "12.8", "--cuda-arch", "12.0")
        self.assertIn("no code for a GPU of architecture 12.0", blackwell["explanation"])

    def test_nccl_is_allowed_without_a_driver(self) -> None:
        self.assertIn("nvidia-nccl-cu13", self.solve("--python", "3.12", "--pypi", "xgboost", "--cuda", "13.0"))
        self.solve("--python", "3.12", "--pypi", "xgboost", "--cuda", "none")

    def test_a_wheel_for_the_cpu_on_a_gpu_target_is_told(self) -> None:
        self.solve("--python", "3.12", "--pypi", "jax", "--cuda", "12.4")
        self.assertTrue(any("jax[cuda12]" in warning for warning in self.warnings), self.warnings)

    def test_a_target_that_contradicts_itself_is_refused_before_any_solve(self) -> None:
        status, document = self.run_aimlock("--platform", "linux-64", "--glibc", "2.35", "--python", "3.12",
                                            "--pypi", "torch", "--cuda", "12.4", "--cuda-arch", "12.0")
        self.assertEqual((status, document["error"]["code"]), (2, "target"), document)
        self.assertIn("12.8", document["error"]["message"])

    # --- conda

    def test_channels_that_name_no_driver_are_held_to_it(self) -> None:
        words = [*self.channel("pytorch", "nvidia", "conda-forge"), "--channel-priority", "flexible", "--conda", "pytorch::pytorch 2.4.*"]
        conflict = self.refused(*words, "--conda", "pytorch-cuda 12.4.*", "--cuda", "11.8")
        self.assertIn("CUDA 12", conflict["explanation"])

    def test_conda_builds_follow_the_driver(self) -> None:
        for driver, major in (("12.4", "12"), ("13.0", "1")):
            packages = self.solve(*self.channel("conda-forge"), "--conda", "pytorch-gpu", "--conda", "python 3.12.*", "--cuda", driver)
            self.assertTrue(packages["cuda-version"]["version"].startswith(major), packages["cuda-version"])
            self.assertIn("cuda", packages["pytorch"]["build"])
        self.assertIn("__cuda", self.refused(*self.channel("conda-forge"), "--conda", "pytorch-gpu", "--cuda", "none")["explanation"])

    def test_a_build_for_the_cpu_names_the_newest_for_cuda(self) -> None:
        packages = self.solve(*self.channel("conda-forge"), "--conda", "jaxlib", "--conda", "python 3.12.*", "--cuda", "12.4")
        told = [warning for warning in self.warnings if warning.startswith("jaxlib")]
        self.assertTrue("cuda" in packages["jaxlib"]["build"] or told, (packages["jaxlib"], self.warnings))
        for warning in told:
            self.assertIn("ask for `jaxlib * *cuda*`", warning)

    # --- both

    def test_condas_cuda_and_the_wheels_are_one_major(self) -> None:
        packages = self.solve(*self.channel("conda-forge"), "--conda", "python 3.12.*", "--conda", "cuda-version 12.*",
                              "--pypi", "torch", "--cuda", "13.0")
        self.assertEqual(packages["torch"]["version"], "2.10.0")

    # --- several targets

    def test_targets_of_one_manifest_agree_or_are_told_apart(self) -> None:
        manifest = self.folder / "aimlock.toml"
        manifest.write_text(f"""
[workspace]
channels = ["{SHARED / 'channels' / 'conda-forge'}"]
[dependencies]
python = "3.12.*"
numpy = "*"
pandas = "*"
scipy = "*"
[pypi-dependencies]
tqdm = "*"
[targets.gpu]
platform = "linux-64"
cuda = "12.4"
glibc = "2.35"
[targets.gpu.dependencies]
pytorch-gpu = "*"
[targets.cpu]
platform = "linux-64"
[targets.cpu.dependencies]
pytorch = "*"
[targets.arm]
platform = "linux-aarch64"
[targets.win]
platform = "win-64"
""")
        status, document = self.run_aimlock("--manifest", str(manifest))
        self.assertEqual((status, document["status"]), (0, "solved"), document)
        targets = {target["name"]: {p["name"]: p for p in target["packages"]} for target in document["targets"]}
        apart = {entry["name"]: entry for entry in document.get("apart", [])}
        for name in ("python", "numpy", "pandas", "scipy", "tqdm"):
            versions = {target: packages[name]["version"] for target, packages in targets.items()}
            if len(set(versions.values())) > 1:
                self.assertEqual(apart[name]["versions"], versions)
                self.assertTrue(apart[name].get("reason"), apart[name])
        for target, packages in targets.items():
            for package in packages.values():
                subdir = package["url"].split("/")[-2]
                wanted = {"gpu": "linux-64", "cpu": "linux-64", "arm": "linux-aarch64", "win": "win-64"}[target]
                if package["kind"] == "conda":
                    self.assertIn(subdir, (wanted, "noarch"))
        self.assertIn("cuda", targets["gpu"]["pytorch"]["build"])
        self.assertNotIn("cuda", targets["cpu"]["pytorch"]["build"])
        self.assertIn("colorama", targets["win"])  # tqdm's marker: platform_system == "Windows"
        self.assertNotIn("colorama", targets["gpu"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
