"""The rules by which the channel is made, and that the same inputs give the same bytes. Usage: generator_test.py"""

import hashlib
import tempfile
import unittest
from pathlib import Path

from channel import channel_index, debian_names
from channel.conda_package import CondaPackage, finish, require_glibc
from channel.debian_packages import debs_of, library_package
from channel.make_channel import inputs_folder
from channel.pypi_pool import Wanted, batches, find_wheel
from channel.wheel_packages import Requirement, applies, conda_bound, entry_point, wheel_package


class DebianWords(unittest.TestCase):
    def test_versions_lose_what_debian_added(self) -> None:
        for debian, upstream in {
            "1:1.2.13.dfsg-1": "1.2.13",
            "3.34.1-3+deb11u1": "3.34.1",
            "6.2+20201114-2+deb11u2": "6.2",
            "5.3.28+dfsg2-1": "5.3.28",
            "2024b-0+deb12u1": "2024b",
            "2.5.1+really2.4.0-1": "2.4.0",
            "20230311+deb12u1": "20230311",
            "1.1.1w-0+deb11u3": "1.1.1w",
            "12.2.0-14+deb12u1": "12.2.0",
        }.items():
            self.assertEqual(upstream, debian_names.upstream_version(debian), debian)

    def test_bounds_join_debians_lower_and_the_tables_upper(self) -> None:
        convert = debian_names.conda_dependency
        self.assertEqual("libzlib >=1.2.3.4,<2.0a0", convert("zlib1g", "1:1.2.3.4"))
        self.assertEqual("libffi >=3.4,<4.0a0", convert("libffi8", "3.4"))
        self.assertEqual("openssl >=3.0,<4.0a0", convert("libssl3", None))
        # 1.1.1w sorts before 1.1.1 in conda: Debian's bound must not be taken over.
        self.assertEqual("openssl >=1.1.1a,<1.1.2a", convert("libssl1.1", "1.1.1"))
        self.assertEqual("libstdcxx >=5.2", convert("libstdc++6", "5.2"))

    def test_the_strongest_bound_is_chosen_by_number(self) -> None:
        bounds = ["__glibc >=2.4,<3.0a0", "__glibc >=2.28,<3.0a0", "__glibc >=2.14,<3.0a0"]
        self.assertEqual(["__glibc >=2.28,<3.0a0"], debian_names.strongest(bounds))

    def test_imported_symbols_raise_a_declared_glibc(self) -> None:
        for imported, expected in ((34, "__glibc >=2.34,<3.0a0"), (14, "__glibc >=2.17,<3.0a0")):
            package = CondaPackage(Path(), "probe", "1", depends=["__glibc >=2.17,<3.0a0"])
            require_glibc(package, imported)
            self.assertEqual([expected], package.depends)


class WheelWords(unittest.TestCase):
    def test_wildcards_lose_their_operator(self) -> None:
        self.assertEqual("2.*", conda_bound("==", "2.*"))
        self.assertEqual("!=2.*", conda_bound("!=", "2.*"))
        self.assertEqual(">=2", conda_bound(">=", "2"))

    def test_markers_are_those_of_linux_without_extras(self) -> None:
        self.assertTrue(applies(Requirement("zipp; python_version < '3.10'"), "3.9"))
        self.assertFalse(applies(Requirement("zipp; python_version < '3.10'"), "3.11"))
        self.assertFalse(applies(Requirement("colorama; sys_platform == 'win32'"), "3.11"))
        self.assertFalse(applies(Requirement("pysocks; extra == 'socks'"), "3.11"))

    def test_an_entry_point_imports_the_outermost_name(self) -> None:
        script = entry_point("tool.cli:App.main")
        self.assertIn("from tool.cli import App\n", script)
        self.assertIn("sys.exit(App.main())", script)

    def test_one_pip_run_takes_a_name_once_and_one_python(self) -> None:
        wanted = [Wanted("a", "1", None, False), Wanted("a", "2", None, False), Wanted("b", "1", "cp39", False)]
        self.assertEqual([[wanted[0]], [wanted[1]], [wanted[2]]], batches(wanted))


class Msgpack(unittest.TestCase):
    def test_lengths_choose_the_shortest_form(self) -> None:
        pack = channel_index.msgpack
        self.assertEqual(b"\xa1a", pack("a"))
        self.assertEqual(b"\xd9\x20", pack("x" * 32)[:2])
        self.assertEqual(b"\xda\x01\x00", pack("x" * 256)[:3])
        self.assertEqual(b"\x92\xc3\xc0", pack([True, None]))
        self.assertEqual(b"\xdc\x00\x10", pack([0] * 16)[:3])
        self.assertEqual(b"\x81\xa1k\xc4\x02hi", pack({"k": b"hi"}))
        self.assertEqual(b"\xce\x00\x00\x00\x80", pack(128))
        self.assertEqual(b"\xcf\x00\x00\x00\x01\x00\x00\x00\x00", pack(2**32))


class SameInputs(unittest.TestCase):
    """Needs the inputs that scripts/make_channel fetched."""

    def made(self) -> dict[str, str]:
        """File name -> digest of some packages of each kind, made anew."""
        inputs = inputs_folder()
        wanted = Wanted("pygments", "2.19.1", None, False)
        wheel = find_wheel(inputs / "wheels", wanted)
        debs = debs_of(inputs / "debs/bookworm", ["sqlite3"])
        bz2 = debs_of(inputs / "debs/bookworm", ["libbz2-1.0", "bzip2"])
        self.assertTrue(wheel and debs and bz2, f"no inputs in {inputs}")
        with tempfile.TemporaryDirectory() as folder:
            work, channel = Path(folder) / "work", Path(folder) / "channel"
            work.mkdir()
            packages = [
                wheel_package(wanted, wheel, {"pygments"}, ["3.11"], work),
                library_package("sqlite", debs, "bookworm", work),
                library_package("bzip2", bz2, "bookworm", work),
            ]
            channel_index.write_index(channel, [finish(package, channel) for package in packages])
            files = [file for file in channel.rglob("*") if file.is_file()]
            return {str(file.relative_to(channel)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    def test_give_the_same_bytes(self) -> None:
        first = self.made()
        self.assertGreater(len(first), 12)
        self.assertEqual(first, self.made())


if __name__ == "__main__":
    unittest.main(verbosity=2)
