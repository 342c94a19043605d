#!/usr/bin/env python3
"""Runs the program itself: exit codes, streams, documents, signals.

usage: program_test.py AIMLOCK SOURCE_DIR [unittest arguments]
A channel and an index of a few records lie in a temporary folder; the only network is a loopback server that never
answers. AIMLOCK_ACCEPT=1 rewrites the golden help texts.
"""
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

AIMLOCK = ""
GOLDEN = pathlib.Path()
COMMANDS = ["", "solve", "update", "install", "image", "audit", "vendor", "cache", "doctor"]


def record(name, version, depends=(), build="0", **more):
    file = f"{name}-{version}-{build}.conda"
    digest = hashlib.sha256(file.encode()).hexdigest()
    return file, {"name": name, "version": version, "build": build, "build_number": 0, "depends": list(depends),
                  "sha256": digest, "size": 1000, "timestamp": 1700000000000, "subdir": "linux-64", **more}


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(self.enterContext_(tempfile.TemporaryDirectory()))
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.dir / "home"), "LC_ALL": "C.UTF-8",
                    "XDG_CACHE_HOME": str(self.dir / "cache"), "CONDA_OVERRIDE_CUDA": ""}

    def enterContext_(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def make_channel(self):
        records = [record("numpy", "1.26.4", ["libblas"]), record("numpy", "2.1.0", ["libblas"]), record("libblas", "3.9"),
                   record("old-tool", "1.0", ["numpy <2"]), record("gpu-tool", "1.0", ["__cuda >=12"])]
        for subdir, packages in (("linux-64", dict(records)), ("noarch", {})):
            folder = self.dir / "chan" / subdir
            folder.mkdir(parents=True)
            (folder / "repodata.json").write_text(json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages}))

    def run_it(self, *args, **more):
        return subprocess.run([AIMLOCK, *args], cwd=more.pop("cwd", self.dir), env={**self.env, **more.pop("env", {})}, text=True,
                              capture_output=True, timeout=60, **more)

    def solve(self, *args, **more):
        return self.run_it("solve", "--channel", "./chan", "--cuda", "none", "--glibc", "2.35", "--platform", "linux-64", *args, **more)

    def check(self, done, code):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done


class Help(ProgramTest):
    def test_is_short_and_names_the_exit_codes(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                done = self.check(self.run_it(*([command] if command else []), "--help"), 0)
                lines = done.stdout.splitlines()
                self.assertLessEqual(len(lines), 40)
                self.assertLessEqual(max(len(line) for line in lines), 80)
                self.assertIn("Exit codes:", done.stdout)
                self.assertIn("Example:", done.stdout)
                self.assertEqual(done.stderr, "")
                golden = GOLDEN / f"help_{command or 'aimlock'}.txt"
                if os.environ.get("AIMLOCK_ACCEPT") == "1":
                    golden.write_text(done.stdout)
                    self.skipTest(f"accepted {golden.name} as it is now")
                self.assertEqual(golden.read_text(), done.stdout, f"differs from {golden.name}")

    def test_knows_every_command_of_the_program(self):
        text = self.run_it("--help").stdout
        listed = [line.split()[0] for line in text.split("Commands:\n")[1].split("\n\n")[0].splitlines() if line[2] != " "]
        self.assertEqual(sorted(listed), sorted(c for c in COMMANDS if c))

    def test_of_nothing_at_all_is_an_error(self):
        done = self.check(self.run_it(), 2)
        self.assertEqual(done.stdout, "")
        self.assertIn("Usage:", done.stderr)

    def test_version(self):
        self.assertRegex(self.check(self.run_it("--version"), 0).stdout, r"^aimlock \d+\.\d+\.\d+\n$")


class Cache(ProgramTest):
    def cache(self, *args, code=0):
        return json.loads(self.check(self.run_it("cache", *args, "--json"), code).stdout)

    def test_shows_verifies_and_prunes(self):
        self.assertEqual(self.cache()["bytes"], 0)
        self.make_channel()
        time.sleep(2)  # a channel of this very second is not cached: it may change again unseen
        self.check(self.solve("--conda", "numpy", "--dry-run"), 0)
        shown = self.cache("show")
        self.assertEqual((shown["status"], shown["kinds"]["repodata"]["files"]), ("shown", 2))
        self.assertEqual(self.cache("verify")["status"], "whole")
        file = next(path for path in (self.dir / "cache/aimlock/http").glob("*/*"))
        file.write_bytes(file.read_bytes()[:-1])
        self.assertEqual(self.cache("verify", code=1)["damaged"], [str(file)])
        self.check(self.solve("--conda", "numpy", "--dry-run"), 0)  # rebuilt without a word
        self.assertEqual(self.cache("verify")["status"], "whole")
        self.assertEqual(self.cache("prune", "--older-than", "1d")["removed"], 0)
        self.assertEqual(self.cache("prune", "--older-than", "0s")["removed"], 2)
        self.assertEqual(self.cache()["bytes"], 0)

    def test_refuses_what_it_does_not_know(self):
        for args in (["purge"], ["prune", "--older-than", "soon"], ["verify", "--older-than", "1d"]):
            self.assertEqual(self.cache(*args, code=2)["error"]["code"], "usage")


class Doctor(ProgramTest):
    """The host is a folder; its driver, where the build has made one, answers as it is told."""

    def setUp(self):
        super().setUp()
        self.host = self.dir / "host"
        self.put("proc/sys/kernel/osrelease", "6.1.0-28-amd64\n")
        self.put("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n")
        self.put("sys/bus/pci/devices/0000:01:00.0/class", "0x030000\n")
        self.env["AIMLOCK_DOCTOR_ROOT"] = str(self.host)

    def put(self, path, text=""):
        (self.host / path).parent.mkdir(parents=True, exist_ok=True)
        (self.host / path).write_text(text)

    def with_driver(self, told):
        library = os.environ.get("AIMLOCK_FAKE_DRIVER_LIBRARY", "")
        if not os.path.exists(library):
            self.skipTest("AIMLOCK_FAKE_DRIVER_LIBRARY names no built fake driver")
        for node in ("nvidia0", "nvidiactl", "nvidia-uvm"):
            self.put(f"dev/{node}")
        self.put("proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22\n")
        self.put("usr/lib64/x")
        shutil.copy(library, self.host / "usr/lib64/libcuda.so.550.54.14")
        (self.host / "usr/lib64/libcuda.so.1").symlink_to("libcuda.so.550.54.14")
        self.env["AIMLOCK_FAKE_DRIVER"] = told

    def test_without_a_driver_names_what_is_missing(self):
        done = self.check(self.run_it("doctor"), 1)
        self.assertIn("error    driver  there is no NVIDIA driver: neither libcuda.so.1 nor a kernel module nor", done.stdout)
        self.assertRegex(done.stdout, r"\nhelp: install NVIDIA's driver[^\n]*\n$")
        self.assertEqual(done.stderr, "")
        document = json.loads(self.check(self.run_it("doctor", "--json"), 1).stdout)
        self.assertEqual((document["schema"], document["status"], document["gpus"]), (1, "faults", []))
        self.assertEqual([check.get("fault") for check in document["checks"]], [None, "no-driver"])

    def test_a_working_driver_is_proven_and_held_to_the_lock(self):
        self.make_channel()
        self.check(self.run_it("solve", "--channel", "./chan", "--cuda", "12.6", "--cuda-arch", "9.0", "--glibc", "2.35",
                               "--platform", "linux-64", "--conda", "numpy", "--lock", "gpu.lock"), 0)
        self.with_driver("cuda=12040 cc=90")
        document = json.loads(self.check(self.run_it("doctor", "--json"), 0).stdout)
        self.assertEqual((document["status"], document["driver"]["cuda"], document["driver"]["module"]), ("ready", "12.4", "550.54.14"))
        self.assertEqual([(gpu["capability"], gpu["proven"]) for gpu in document["gpus"]], [("9.0", True)])
        document = json.loads(self.check(self.run_it("doctor", "--json", "--lock", "gpu.lock"), 0).stdout)
        self.assertEqual([check["fault"] for check in document["checks"] if "fault" in check], ["driver-older-than-target"])
        for told, fault in (("cuda=11080 cc=90", "driver-too-old"), ("cuda=12060 cc=86", "gpu-not-in-target")):
            self.env["AIMLOCK_FAKE_DRIVER"] = told
            document = json.loads(self.check(self.run_it("doctor", "--json", "--lock", "gpu.lock"), 1).stdout)
            self.assertEqual([check["fault"] for check in document["checks"] if "fault" in check], [fault])

    def test_a_lock_that_is_named_and_not_there_is_an_error(self):
        for args in (["--lock", "no.lock"], ["--target", "gpu"]):
            self.assertIn("aimlock solve", self.check(self.run_it("doctor", *args), 2).stderr)


class Usage(ProgramTest):
    def test_faults_exit_2_and_name_what_was_meant(self):
        for args, message, hint in [
            (["slove"], "aimlock has no command `slove`", "did you mean `aimlock solve`?"),
            (["solve", "--lokced"], "`aimlock solve` has no flag `--lokced`", "did you mean `--locked`?"),
            (["solve", "--conda"], "`--conda` needs a value", ""),
            (["solve", "--lock", "a", "--lock", "b"], "`--lock` is given more than once", ""),
            (["solve", "numpy"], "`aimlock solve` takes no argument `numpy`", ""),
            (["audit"], "`aimlock audit` needs `--prefix`", ""),
            (["install"], "`aimlock install` needs `--prefix`", ""),
            (["vendor"], "`aimlock vendor` needs the folder of the pool", ""),
            (["--color", "blue", "solve"], "`--color blue` is not one of auto, always, never", ""),
        ]:
            with self.subTest(args=args):
                done = self.check(self.run_it(*args), 2)
                self.assertIn("error: " + message, done.stderr)
                self.assertIn(hint, done.stderr)
                self.assertEqual(done.stdout, "")
                document = json.loads(self.check(self.run_it("--json", *args), 2).stdout)
                self.assertEqual((document["schema"], document["status"], document["error"]["code"]), (1, "error", "usage"))
                self.assertIn(message, document["error"]["message"])

    def test_a_missing_lock_is_named_with_what_makes_one(self):
        for args in (["install", "--prefix", "env"], ["audit", "--prefix", "env"], ["vendor", "pool"], ["image"]):
            with self.subTest(args=args):
                done = self.check(self.run_it(*args), 2)
                self.assertIn("aimlock.lock", done.stderr)
                self.assertIn("aimlock solve", done.stderr)

    def test_no_manifest_is_no_crash(self):
        (self.dir / ".git").mkdir()
        done = self.check(self.run_it("solve"), 2)
        self.assertIn("no aimlock.toml, environment.yml", done.stderr)

    def test_a_manifest_fault_has_its_line_and_caret(self):
        (self.dir / "aimlock.toml").write_text('[workspace]\nname = "x"\nchannnels = ["conda-forge"]\n')
        done = self.check(self.run_it("solve"), 2)
        self.assertIn("--> aimlock.toml:3:1", done.stderr)
        self.assertIn("^^^^^^^^^", done.stderr)
        document = json.loads(self.run_it("solve", "--json").stdout)
        self.assertEqual((document["error"]["code"], document["error"]["file"], document["error"]["line"]), ("manifest", "aimlock.toml", 3))


class Solve(ProgramTest):
    def setUp(self):
        super().setUp()
        self.make_channel()
        self.lock = self.dir / "aimlock.lock"

    def test_writes_the_lock_and_says_so_on_stderr(self):
        done = self.check(self.solve("--conda", "numpy"), 0)
        self.assertEqual(done.stdout, "")
        self.assertIn("Wrote aimlock.lock", done.stderr)
        self.assertTrue(self.lock.read_text().startswith("version = 1\n"))
        self.assertNotIn(str(self.dir), self.lock.read_text())
        self.assertEqual([p.name for p in self.dir.iterdir() if p.name.endswith(".tmp")], [])

    def test_document_is_the_whole_of_stdout(self):
        done = self.check(self.solve("--json", "--dry-run", "--conda", "numpy>=1", "libblas"), 0)
        document = json.loads(done.stdout)
        target = document["targets"][0]
        self.assertEqual((document["schema"], document["status"], target["platform"]), (1, "solved", "linux-64"))
        self.assertEqual([(p["kind"], p["name"], p["version"]) for p in target["packages"]],
                         [("conda", "libblas", "3.9"), ("conda", "numpy", "2.1.0")])
        self.assertFalse(self.lock.exists(), "--dry-run writes nothing")

    def test_again_leaves_the_lock_alone(self):
        self.check(self.solve("--conda", "numpy"), 0)
        before = self.lock.stat()
        done = self.check(self.solve("--conda", "numpy"), 0)
        self.assertIn("Nothing moved", done.stderr)
        self.assertEqual(self.lock.stat().st_mtime_ns, before.st_mtime_ns)

    def test_locked_is_fresh_or_stale(self):
        self.check(self.solve("--conda", "numpy"), 0)
        self.check(self.solve("--locked", "--conda", "numpy"), 0)
        done = self.check(self.solve("--locked", "--json", "--conda", "numpy <2"), 1)
        self.assertEqual(json.loads(done.stdout)["status"], "stale")

    def test_no_solution_is_exit_1_and_leaves_the_lock(self):
        self.check(self.solve("--conda", "numpy"), 0)
        before = self.lock.read_bytes()
        done = self.check(self.solve("--json", "--conda", "numpy>=2", "--conda", "old-tool"), 1)
        document = json.loads(done.stdout)
        self.assertEqual(document["status"], "unsatisfiable")
        self.assertEqual(sorted(document["conflict"]["requirements"]), ["conda: numpy >=2", "conda: old-tool"])
        self.assertIn("aimlock.lock was not touched", done.stderr)
        self.assertEqual(self.lock.read_bytes(), before)

    def test_a_name_that_nobody_has_is_exit_1(self):
        document = json.loads(self.check(self.solve("--json", "--conda", "nunpy"), 1).stdout)
        self.assertEqual(document["status"], "unsatisfiable")
        self.assertIn("nunpy", document["conflict"]["explanation"])

    def test_a_python_that_no_wheel_fits_is_part_of_the_reason(self):
        # Pages are read for the Pythons that are asked for: what others could use is seen only by reading again.
        pythons = dict([record("python", "3.12.4", build="h1_0_cpython"), record("python", "3.14.1", build="h1_0_cp314")])
        (self.dir / "chan/linux-64/repodata.json").write_text(json.dumps({"packages": {}, "packages.conda": pythons}))
        wheel = "tool-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"
        page = self.dir / "index/tool/index.json"
        page.parent.mkdir(parents=True)
        page.write_text(json.dumps({"meta": {"api-version": "1.0"}, "name": "tool", "files": [
            {"filename": wheel, "url": wheel, "hashes": {"sha256": "0" * 64}, "core-metadata": True}]}))
        (page.parent / (wheel + ".metadata")).write_text("Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n")
        asked = ["--json", "--index", "./index", "--conda", "python >=3.13", "--pypi", "tool"]
        conflict = json.loads(self.check(self.solve(*asked), 1).stdout)["conflict"]
        self.assertEqual(conflict["requirements"], ["conda: python >=3.13", "pypi: tool"])
        self.assertIn("conda: python >=3.13 -> python 3.12.*", [repair["change"] for repair in conflict["repairs"]])

    def test_a_gpu_package_without_a_driver_names_the_driver(self):
        document = json.loads(self.check(self.solve("--json", "--conda", "gpu-tool"), 1).stdout)
        self.assertIn("__cuda", document["conflict"]["explanation"])

    def test_a_damaged_channel_is_exit_2_and_named(self):
        (self.dir / "chan/linux-64/repodata.json").write_text('{"packages": {"a')
        document = json.loads(self.check(self.solve("--json", "--conda", "numpy"), 2).stdout)
        self.assertEqual(document["error"]["code"], "repodata")
        self.assertIn("repodata.json", document["error"]["message"])
        self.assertFalse(self.lock.exists())

    def test_an_unwritable_lock_is_exit_2_and_named(self):
        done = self.check(self.solve("--lock", "absent/aimlock.lock", "--conda", "numpy"), 2)
        self.assertIn("absent/aimlock.lock", done.stderr)

    def test_flags_of_a_request_are_refused_beside_a_manifest(self):
        (self.dir / "aimlock.toml").write_text('[workspace]\nname = "x"\nchannels = ["./chan"]\n[dependencies]\nnumpy = "*"\n[targets.cpu]\nplatform = "linux-64"\n')
        done = self.check(self.run_it("solve", "--cuda", "12.4"), 2)
        self.assertIn("`--cuda` belongs to a request without a manifest", done.stderr)
        self.check(self.run_it("solve"), 0)
        self.check(self.run_it("solve", "--locked"), 0)

    def test_other_tools_manifests_are_read_in_place(self):
        (self.dir / ".git").mkdir()
        (self.dir / "environment.yml").write_text("channels: [./chan]\ndependencies: [numpy <2]\n")
        done = self.check(self.run_it("solve", "--json", "--dry-run"), 0)
        packages = json.loads(done.stdout)["targets"][0]["packages"]
        self.assertEqual([p["version"] for p in packages if p["name"] == "numpy"], ["1.26.4"])
        self.assertIn("note: the manifest is environment.yml", done.stderr)

    def test_what_was_assumed_is_said(self):
        done = self.check(self.run_it("solve", "--channel", "./chan", "--conda", "numpy", "--dry-run"), 0)
        self.assertRegex(done.stderr, r"note: from this machine: platform linux-64, glibc 2\.\d+, no GPU driver")
        quiet = self.check(self.run_it("solve", "-q", "--channel", "./chan", "--conda", "numpy", "--dry-run"), 0)
        self.assertEqual(quiet.stderr, "")


class Update(ProgramTest):
    """The channel gets newer records after the first lock."""

    def setUp(self):
        super().setUp()
        self.make_channel()
        self.lock = self.dir / "aimlock.lock"
        self.write_manifest(numpy="<2")
        self.check(self.run_it("solve"), 0)
        self.add(record("numpy", "1.26.5", ["libblas"]), record("libblas", "3.10"))

    def write_manifest(self, **dependencies):
        lines = "".join(f'{name} = "{spec}"\n' for name, spec in dependencies.items())
        (self.dir / "aimlock.toml").write_text(
            f'[workspace]\nname = "x"\nchannels = ["./chan"]\n[dependencies]\n{lines}[targets.cpu]\nplatform = "linux-64"\n')

    def add(self, *records):
        file = self.dir / "chan/linux-64/repodata.json"
        document = json.loads(file.read_text())
        document["packages.conda"].update(dict(records))
        file.write_text(json.dumps(document))

    def locked(self):
        lines = self.lock.read_text().splitlines()
        names = [line.split('"')[1] for line in lines if line.startswith("name = ")]
        return dict(zip(names[-2:], [line.split('"')[1] for line in lines if line.startswith("version = \"")][-2:]))

    def test_solve_keeps_what_is_locked(self):
        before = self.lock.read_bytes()
        self.assertIn("Nothing moved", self.check(self.run_it("solve"), 0).stderr)
        self.assertEqual(self.lock.read_bytes(), before)

    def test_solve_moves_what_must_move_and_nothing_else(self):
        self.write_manifest(numpy=">=1.26.5,<2")
        self.check(self.run_it("solve"), 0)
        self.assertEqual(self.locked(), {"libblas": "3.9", "numpy": "1.26.5"})

    def test_update_of_a_name_moves_that_name(self):
        done = self.check(self.run_it("update", "libblas"), 0)
        self.assertIn("libblas", done.stderr)
        self.assertEqual(self.locked(), {"libblas": "3.10", "numpy": "1.26.4"})
        once = self.lock.read_bytes()
        self.check(self.run_it("update", "libblas"), 0)
        self.assertEqual(self.lock.read_bytes(), once)

    def test_update_of_nothing_named_moves_everything(self):
        document = json.loads(self.check(self.run_it("update", "--json"), 0).stdout)
        self.assertEqual([(p["name"], p["version"]) for p in document["targets"][0]["packages"]],
                         [("libblas", "3.10"), ("numpy", "1.26.5")])
        self.assertEqual(self.locked(), {"libblas": "3.10", "numpy": "1.26.5"})

    def test_a_dry_run_moves_nothing(self):
        before = self.lock.read_bytes()
        self.assertIn("Would write", self.check(self.run_it("update", "--dry-run"), 0).stderr)
        self.assertEqual(self.lock.read_bytes(), before)

    def test_a_name_that_is_not_locked_is_exit_2(self):
        document = json.loads(self.check(self.run_it("update", "--json", "nunpy"), 2).stdout)
        self.assertEqual(document["error"]["code"], "usage")
        self.assertIn("`nunpy`", document["error"]["message"])
        self.lock.unlink()
        self.assertIn("aimlock solve", self.check(self.run_it("update", "numpy"), 2).stderr)

    def test_a_request_on_the_command_line_does_not_look_at_the_lock(self):
        document = json.loads(self.check(self.solve("--json", "--dry-run", "--conda", "numpy <2"), 0).stdout)
        self.assertEqual([p["version"] for p in document["targets"][0]["packages"]], ["3.10", "1.26.5"])


class Streams(ProgramTest):
    def test_a_full_disk_is_exit_2(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        with open("/dev/full", "w") as full:
            done = subprocess.run([AIMLOCK, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, env=self.env, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot write to stdout", done.stderr)

    def test_a_closed_pipe_is_quiet(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([AIMLOCK, "--help"], stdout=write, stderr=subprocess.PIPE, text=True, env=self.env, timeout=60)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (141, ""))

    def test_colour_is_asked_for_or_absent(self):
        self.assertNotIn("\x1b", self.run_it("slove").stderr)
        self.assertIn("\x1b[", self.run_it("--color", "always", "slove").stderr)
        self.assertIn("\x1b[", self.run_it("slove", env={"FORCE_COLOR": "1"}).stderr)
        self.assertNotIn("\x1b", self.run_it("slove", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stderr)

    def test_what_others_wrote_never_reaches_the_terminal_raw(self):
        self.make_channel()
        for spec in ("numpy\x1b[2J", "nunpy\u202e"):
            done = self.solve("--conda", spec)
            self.assertIn(done.returncode, (1, 2))
            self.assertNotIn(spec[5], done.stderr)


class Network(ProgramTest):
    def setUp(self):
        super().setUp()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        self.address = f"127.0.0.1:{self.server.getsockname()[1]}"

    def test_a_signal_ends_it_within_a_second(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name), socket.create_server(("127.0.0.1", 0)) as server:
                server.settimeout(30)
                channel = f"http://127.0.0.1:{server.getsockname()[1]}/c"
                child = subprocess.Popen([AIMLOCK, "solve", "--channel", channel, "--conda", "numpy"], cwd=self.dir,
                                         env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                with server.accept()[0]:  # it waits for an answer now
                    sent = time.monotonic()
                    child.send_signal(number)
                    _, said = child.communicate(timeout=30)
                self.assertLess(time.monotonic() - sent, 1.0)
                self.assertEqual(child.returncode, -number)
                self.assertTrue(said.endswith("Interrupted\n"), said)

    def test_offline_asks_nobody_and_is_exit_2(self):
        self.server.settimeout(0.2)
        done = self.check(self.run_it("solve", "--offline", "--json", "--channel", f"http://{self.address}/c", "--conda", "numpy"), 2)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "offline-miss")
        with self.assertRaises(TimeoutError):
            self.server.accept()

    def test_an_index_that_is_not_there_is_exit_2_and_one_without_the_name_exit_1(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = self.path == "/simple/"
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_address[1]}"
            request = ["solve", "--json", "--cuda", "none", "--python", "3.12", "--pypi", "thinc", "--index"]
            for _ in ("asked", "from the cache"):
                absent = json.loads(self.check(self.run_it(*request, f"{address}/other"), 2).stdout)
            self.assertEqual(absent["error"]["code"], "not-found")
            self.assertIn(f"{address}/other", absent["error"]["message"])
            nameless = json.loads(self.check(self.run_it(*request, f"{address}/simple"), 1).stdout)
            self.assertEqual(nameless["status"], "unsatisfiable")
            server.shutdown()

    def test_a_password_is_nowhere(self):
        self.server.close()
        done = self.check(self.run_it("solve", "--json", "-vv", "--channel", f"http://user:canary@{self.address}/t/canary/c", "--conda", "numpy"), 2)
        self.assertNotIn("canary", done.stdout + done.stderr)
        for file in self.dir.rglob("*"):
            if file.is_file():
                self.assertNotIn(b"canary", file.read_bytes(), file)


if __name__ == "__main__":
    AIMLOCK = os.path.abspath(sys.argv[1])
    GOLDEN = pathlib.Path(sys.argv[2]) / "tests/golden/cli"
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
