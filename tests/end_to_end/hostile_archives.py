"""The attacks of archives: each a name, the package's kind, and the archive's bytes. Made here by hand, since no library
writes most of them.
"""

import base64
import bz2
import hashlib
import json
import struct
import zlib
from collections.abc import Iterator

INFO = "p-1.dist-info"
RTL, NFC, NFD = "\u202e", "caf\u00e9.py", "cafe\u0301.py"
# Refused as names of files in a ZIP and in a tar.
NAMES = {
    "dot_dot": "../../../../canary",
    "dot_dot_inside": "p/../../../../../canary",
    "absolute": "/tmp/aimlock-evil",
    "control": "p/a\x1b[2Jb.py",
    "newline": "p/a\nb.py",
    "right_to_left": f"p/a{RTL}yp.exe",
    "whiteout": "p/.wh.os.py",
    "long_component": "p/" + "x" * 300,
    "long_path": "p/" + "x/" * 2000 + "y",
}
ENTRY_POINTS = {
    "up": "../../x = p:f", "absolute": "/abs = p:f", "folder": "a/b = p:f", "backslash": "a\\b = p:f", "python": "python = p:f",
    "python_case": "Python3 = p:f", "python_minor": "python3.12 = p:f", "python_w": "pythonw = p:f", "option": "-x = p:f",
    "control": "x\x01 = p:f", "code": 'x = os:system("y")', "quotes": "x = p'':f", "second_statement": "x = p:f; import os",
    "relative": "x = .p:f", "no_object": "x = p:", "no_module": "x = :f", "no_call": "x = p", "no_value": "x", "no_name": " = p:f",
    "digit": "x = 1p:f", "newline_in_module": "x = p\x0bimport os:f", "dots": ".. = p:f", "dot": ". = p:f",
}


def record_line(path: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    quoted = '"' + path.replace('"', '""') + '"'
    return f"{quoted},sha256={digest},{len(data)}\n"


def wheel_files(more: dict[str, bytes] | None = None, record: str | None = None) -> dict[str, bytes]:
    files = {"p.py": b"x = 1\n", f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: p\nVersion: 1\n",
             f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n"} | (more or {})
    if record is None:
        record = "".join(record_line(path, data) for path, data in files.items())
    return files | {f"{INFO}/RECORD": record.encode()}


def true_record(more: dict[str, bytes] | None = None, without: str = "") -> str:
    return "".join(record_line(path, data) for path, data in wheel_files(more).items() if path != without and not path.endswith("RECORD"))


class Zip:
    """A ZIP whose parts can be told to lie."""

    def __init__(self) -> None:
        self.body = b""
        self.directory = b""
        self.count = 0

    def add(self, name: str | bytes, data: bytes, *, listed: bool = True, local_name: str | None = None, local_size: int | None = None,
            central_size: int | None = None, mode: int = 0o100644, flags: int = 0x800, descriptor: bytes = b"", extra: bytes = b"",
            crc: int | None = None, method: int = 8) -> "Zip":
        raw = name if isinstance(name, bytes) else name.encode()
        local_raw = raw if local_name is None else local_name.encode()
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = deflate.compress(data) + deflate.flush() if method == 8 else data
        check = zlib.crc32(data) if crc is None else crc
        sizes = (check, len(packed), len(data) if local_size is None else local_size)
        if descriptor:
            flags, sizes = flags | 8, (0, 0, 0)
        offset = len(self.body)
        self.body += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, flags, method, 0, 33, *sizes, len(local_raw), len(extra))
        self.body += local_raw + extra + packed + descriptor
        if listed:
            size = len(data) if central_size is None else central_size
            self.directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 0x314, 20, flags, method, 0, 33, check, len(packed), size,
                                          len(raw), len(extra), 0, 0, 0, mode << 16, offset) + raw + extra
            self.count += 1
        return self

    def wheel(self, files: dict[str, bytes] | None = None) -> "Zip":
        for name, data in (wheel_files() if files is None else files).items():
            self.add(name, data)
        return self

    def bytes(self, *, before: bytes = b"", between: bytes = b"", after: bytes = b"", comment: bytes = b"", count: int | None = None) -> bytes:
        number = self.count if count is None else count
        end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, number, number, len(self.directory), len(self.body) + len(between), len(comment))
        return before + self.body + between + self.directory + end + comment + after


def wheel(more: dict[str, bytes] | None = None, record: str | None = None) -> bytes:
    return Zip().wheel(wheel_files(more, record)).bytes()


def header(name: bytes, data: bytes = b"", kind: bytes = b"0", link: bytes = b"", size: bytes | None = None, mode: int = 0o644) -> bytes:
    """One ustar entry with its content."""
    field = b"%011o\0" % len(data) if size is None else size
    block = name[:100].ljust(100, b"\0") + b"%07o\0" % mode + b"0000000\0" * 2 + field.ljust(12, b"\0") + b"00000000000\0"
    block += b" " * 8 + kind + link[:100].ljust(100, b"\0") + b"ustar\0" + b"00" + b"\0" * 247
    block = block[:148] + b"%06o\0 " % sum(block) + block[156:]
    return block + data + b"\0" * (-len(data) % 512)


def pax(values: dict[str, str]) -> bytes:
    text = b""
    for key, value in values.items():
        body = f" {key}={value}\n".encode()
        length = len(body) + len(str(len(body) + len(str(len(body)))))
        text += str(length).encode() + body
    return header(b"PaxHeader", text, b"x")


def conda(payload: bytes = b"", paths: list[dict] | None = None, link: dict | None = None, name: str = "p", more: bytes = b"") -> bytes:
    """A .tar.bz2 package of these tar entries; paths.json lists `paths`."""
    documents = {"info/index.json": {"name": name, "version": "1", "build": "0", "build_number": 0, "depends": [], "subdir": "linux-64"},
                 "info/paths.json": {"paths": [{"path_type": "hardlink"} | path for path in paths or []], "paths_version": 1}}
    if link is not None:
        documents["info/link.json"] = link
    tar = b"".join(header(path.encode(), json.dumps(document).encode()) for path, document in documents.items())
    return bz2.compress(tar + payload + more + b"\0" * 1024)


def listed(*names: str) -> list[dict]:
    return [{"_path": name} for name in names]


def bad_zips() -> Iterator[tuple[str, bytes]]:
    evil = b"evil = 1\n"
    yield "ghost_first", Zip().add("ghost.py", evil, listed=False).wheel().bytes()
    yield "ghost_last", Zip().wheel().add("ghost.py", evil, listed=False).bytes()
    yield "ghost_between", Zip().add("a.py", evil).add("ghost.py", evil, listed=False).wheel().bytes()
    yield "twice_different", Zip().wheel().add("p.py", evil).bytes()
    yield "twice_equal", Zip().wheel().add("p.py", b"x = 1\n").bytes()
    yield "file_and_folder", Zip().wheel().add("p.py/", b"", mode=0o40755).bytes()
    yield "two_names", Zip().wheel(wheel_files({"good.py": evil})).add("good2.py", evil, local_name="evil.py").bytes()
    yield "two_sizes_local", Zip().wheel().add("a.py", evil, local_size=4).bytes()
    yield "two_sizes_central", Zip().wheel().add("a.py", evil, central_size=4, method=0).bytes()
    yield "descriptor_lies", Zip().wheel().add("a.py", evil, descriptor=struct.pack("<4sIII", b"PK\7\x08", 1, 2, 3)).bytes()
    yield "descriptor_gap", Zip().wheel().add("a.py", evil, descriptor=b"PK\7\x08" + b"\0" * 40).bytes()
    yield "bytes_before", Zip().wheel().bytes(before=b"#!/bin/sh\n")
    yield "bytes_between", Zip().wheel().bytes(between=b"hidden")
    yield "bytes_after", Zip().wheel().bytes(after=b"trailing")
    yield "two_archives", Zip().wheel().bytes() + Zip().wheel().bytes()
    yield "archive_in_comment", Zip().wheel().bytes(comment=Zip().wheel().bytes())
    yield "end_record_in_comment", Zip().wheel().bytes(comment=b"PK\5\6" + b"\0" * 18)
    yield "count_too_small", Zip().wheel().bytes(count=2)
    yield "count_too_large", Zip().wheel().bytes(count=60000)
    yield "zip64_lies", Zip().wheel().add("a.py", evil, extra=struct.pack("<HHQQ", 1, 16, 5, 5)).bytes()
    yield "second_name", Zip().wheel().add("a.py", evil, extra=struct.pack("<HHBI", 0x7075, 9, 1, 0) + b"evil").bytes()
    yield "encrypted", Zip().wheel().add("a.py", evil, flags=0x801).bytes()
    yield "unknown_method", Zip().wheel().add("a.py", evil, method=99).bytes()
    yield "wrong_crc", Zip().wheel(wheel_files(None, true_record() + record_line("a.py", evil))).add("a.py", evil, crc=7).bytes()
    yield "symlink", Zip().wheel().add("a.py", b"/etc/passwd", mode=0o120777).bytes()
    yield "device", Zip().wheel().add("a.py", b"", mode=0o60644).bytes()
    yield "backslash", Zip().wheel().add("ok\\..\\win.txt", evil).bytes()
    yield "not_normal", Zip().wheel().add("a//b.py", evil).bytes()
    yield "dot_component", Zip().wheel().add("./a.py", evil).bytes()
    yield "not_utf8", Zip().wheel().add(b"a\xff.py", evil).bytes()
    yield "unknown_encoding", Zip().wheel().add("caf\u00e9.py", evil, flags=0).bytes()
    yield "nul_in_name", Zip().wheel().add("a\0.py", evil).bytes()
    yield "html", b"<html>please log in</html>"
    yield "cut", Zip().wheel().bytes()[:-30]
    yield "bomb", Zip().wheel(wheel_files({"zeros": bytes(200 << 20)})).bytes()
    for name, path in NAMES.items():
        yield f"name_{name}", wheel({path: evil})


def bad_wheels() -> Iterator[tuple[str, bytes]]:
    for name, line in ENTRY_POINTS.items():
        yield f"entry_{name}", wheel({f"{INFO}/entry_points.txt": f"[console_scripts]\n{line}\n".encode()})
    yield "entry_twice", wheel({f"{INFO}/entry_points.txt": b"[console_scripts]\nx = p:f\nx = p:g\n"})
    yield "entry_over_a_file", wheel({"p-1.data/scripts/x": b"#!/bin/sh\n", f"{INFO}/entry_points.txt": b"[console_scripts]\nx = p:f\n"})
    for scheme in ("scripts", "data", "purelib", "platlib", "headers"):
        yield f"data_{scheme}_out", wheel({f"p-1.data/{scheme}/../../canary": b"dead"})
    yield "data_unknown_scheme", wheel({"p-1.data/system/x": b"dead"})
    yield "data_conda_record", wheel({"p-1.data/data/conda-meta/x.json": b"{}"})
    yield "data_our_marker", wheel({"p-1.data/data/conda-meta/aimlock-lock": b"{}"})
    yield "data_our_listing", wheel({"p-1.data/data/conda-meta/aimlock-files": b""})
    yield "second_dist_info", wheel({"q-1.dist-info/METADATA": b"Name: q\n"})
    yield "one_place_twice", wheel({"p-1.data/purelib/p.py": b"x = 1\n"})
    yield "letter_case", wheel({"P.py": b""})
    yield "normal_forms", wheel({NFC: b"", NFD: b""})
    yield "below_a_file", wheel({"p.py/x": b""})
    lines = {
        "up": true_record() + "../../../../canary,,\n", "absolute": true_record() + "/etc/passwd,,\n",
        "twice": true_record() + "p.py,,\n", "unlisted": true_record(without="p.py"), "missing": true_record() + record_line("q.py", b""),
        "no_hash": true_record(without="p.py") + "p.py,,\n", "md5": true_record(without="p.py") + "p.py,md5=AAAAAAAAAAAAAAAAAAAAAA,6\n",
        "wrong_hash": true_record(without="p.py") + record_line("p.py", b"x = 2\n"),
        "wrong_size": true_record(without="p.py") + record_line("p.py", b"x = 1\n").replace(",6\n", ",7\n"),
        "short_hash": true_record(without="p.py") + "p.py,sha256=AAAA,6\n", "two_fields": true_record() + "a,b\n", "open_quote": true_record() + '"a',
    }
    for name, record in lines.items():
        yield f"record_{name}", wheel(None, record)
    files = wheel_files()
    for missing in ("RECORD", "WHEEL"):
        yield f"without_{missing}", Zip().wheel({name: data for name, data in files.items() if not name.endswith(missing)}).bytes()
    yield "other_distribution", Zip().wheel({name.replace("p-1", "q-1"): data for name, data in files.items()}).bytes()
    yield "future_format", wheel({f"{INFO}/WHEEL": b"Wheel-Version: 9.0\n"})


def bad_condas() -> Iterator[tuple[str, bytes]]:
    file = header(b"a", b"x")
    for name, line in ENTRY_POINTS.items():
        yield f"entry_{name}", conda(link={"noarch": {"type": "python", "entry_points": [line]}, "package_metadata_version": 1})
    for name, path in NAMES.items():
        entry = header(path.encode(), b"x") if len(path) <= 100 else pax({"path": path}) + header(b"short", b"x")
        yield f"name_{name}", conda(entry, listed("a"))
        yield f"listed_{name}", conda(file, listed("a", path))
    yield "name_not_utf8", conda(header(b"a\xff", b"x"), listed("a"))
    yield "symlink_absolute", conda(header(b"a", kind=b"2", link=b"/etc/passwd"), [{"_path": "a", "path_type": "softlink"}])
    yield "symlink_out", conda(header(b"a", kind=b"2", link=b"../../canary"), [{"_path": "a", "path_type": "softlink"}])
    yield "symlink_empty", conda(header(b"a", kind=b"2"), [{"_path": "a", "path_type": "softlink"}])
    chain = header(b"x/a", kind=b"2", link=b"../y/z") + header(b"b", kind=b"2", link=b"x/a/../../..") + header(b"y/z/f", b"x")
    yield "symlink_chain", conda(chain, [{"_path": "x/a", "path_type": "softlink"}, {"_path": "b", "path_type": "softlink"}, {"_path": "y/z/f"}])
    through = header(b"a", kind=b"2", link=b"lib") + header(b"a/x", b"x")
    yield "write_through_symlink", conda(through, [{"_path": "a", "path_type": "softlink"}, {"_path": "a/x"}])
    yield "symlink_listed_as_file", conda(header(b"a", kind=b"2", link=b"b"), [{"_path": "a", "sha256": "1" * 64}])
    yield "hardlink_out", conda(header(b"a", kind=b"1", link=b"../../canary"), listed("a"))
    yield "hardlink_absolute", conda(header(b"a", kind=b"1", link=b"/etc/passwd"), listed("a"))
    yield "hardlink_to_nothing", conda(header(b"a", kind=b"1", link=b"b"), listed("a"))
    yield "hardlink_to_itself", conda(header(b"a", kind=b"1", link=b"a"), listed("a"))
    yield "hardlink_over_a_file", conda(file + header(b"b", b"y") + header(b"a", kind=b"1", link=b"b"), listed("a", "b"))
    yield "hardlink_with_content", conda(file + header(b"b", b"y", kind=b"1", link=b"a"), listed("a", "b"))
    for name, kind in {"character_device": b"3", "block_device": b"4", "fifo": b"6"}.items():
        yield name, conda(header(b"a", kind=kind), listed("a"))
    yield "pax_sparse", conda(pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "a", "GNU.sparse.realsize": "99999999"}) + header(b"a", b"0\n".ljust(512, b"\0")), listed("a"))
    yield "pax_name", conda(pax({"path": "evil"}) + file, listed("a"))
    yield "pax_name_twice", conda(pax({"path": "evil"}) + pax({"path": "worse"}) + file, listed("a"))
    yield "longname_and_pax", conda(header(b"././@LongLink", b"evil\0", b"L") + pax({"path": "worse"}) + file, listed("a"))
    yield "pax_size", conda(pax({"size": "512"}) + header(b"a", b"x" * 1024), listed("a"))
    yield "pax_size_hides_a_file", conda(pax({"size": "1024"}) + header(b"a", b"") + header(b"hidden", b"y") , listed("a", "hidden"))
    yield "negative_size", conda(header(b"a", b"x", size=b"\xff" * 12), listed("a"))
    yield "huge_size", conda(header(b"a", b"x", size=b"\x80" + b"\0" * 3 + b"\x7f" + b"\xff" * 7), listed("a"))
    yield "wrong_checksum", conda(file[:148] + b"000000\0 " + file[156:], listed("a"))
    yield "twice", conda(file + file, listed("a"))
    yield "unlisted", conda(file + header(b"b", b"y"), listed("a"))
    yield "missing", conda(file, listed("a", "b"))
    yield "wrong_hash", conda(file, [{"_path": "a", "sha256": "1" * 64}])
    yield "hash_of_no_length", conda(file, [{"_path": "a", "sha256": "11"}])
    yield "unknown_kind", conda(file, [{"_path": "a", "path_type": "device"}])
    yield "placed_twice", conda(file + file, listed("a", "a"))
    yield "file_and_folder", conda(file + header(b"a/b", b"y"), listed("a", "a/b"))
    yield "our_record", conda(header(b"conda-meta/x-1-0.json", b"{}"), listed("conda-meta/x-1-0.json"))
    yield "our_history", conda(header(b"conda-meta/history", b""), listed("conda-meta/history"))
    yield "our_marker", conda(header(b"conda-meta/aimlock-lock", b"{}"), listed("conda-meta/aimlock-lock"))
    for name, text in {"short": "/ph", "empty_after_slash": "/"}.items():
        yield f"placeholder_{name}", conda(header(b"a", b"\0" + text.encode() + b"\0"), [{"_path": "a", "prefix_placeholder": text, "file_mode": "binary"}])
    yield "placeholder_nul", conda(header(b"a", b"/a\0b"), [{"_path": "a", "prefix_placeholder": "/a\0b", "file_mode": "text"}])
    yield "placeholder_mode", conda(file, [{"_path": "a", "prefix_placeholder": "/long/placeholder", "file_mode": "other"}])
    yield "other_package", conda(file, listed("a"), name="q")
    yield "documents_after_files", conda(file, listed("a"), more=header(b"info/link.json", b'{"noarch": {"type": "python"}}'))
    yield "no_documents", bz2.compress(file + b"\0" * 1024)
    yield "deep_json", bz2.compress(header(b"info/index.json", b"[" * 100_000) + header(b"info/paths.json", b"{}") + b"\0" * 1024)
    yield "cut", conda(header(b"a", bytes(range(256)) * 400), listed("a"))[:-40]
    yield "not_bzip2", b"BZh9" + b"\0" * 200
    yield "bomb", conda(header(b"a", bytes(100 << 20)), listed("a"))
    yield "conda_of_no_zip", b"PK\3\4 no zip at all"
    yield "conda_without_parts", Zip().add("metadata.json", b"{}", method=0).bytes()
    yield "conda_deflated_part", Zip().add("info-p-1-0.tar.zst", b"x").add("pkg-p-1-0.tar.zst", b"x").bytes()
    yield "conda_extra_member", Zip().add("info-p-1-0.tar.zst", b"x", method=0).add("pkg-p-1-0.tar.zst", b"x", method=0).add("evil", b"x", method=0).bytes()


def odd_but_agreed() -> Iterator[tuple[str, bytes]]:
    """Entries that GNU tar, Python and we read as one thing: the file `a` of these bytes."""
    for name, kind in {"unknown_type": b"Z", "old_sparse": b"S", "contiguous": b"7", "old_regular": b"\0"}.items():
        yield name, conda(header(b"a", kind=kind), listed("a"))


def attacks() -> Iterator[tuple[str, str, bytes]]:
    for make, kind in ((bad_zips, "pypi"), (bad_wheels, "pypi"), (bad_condas, "conda")):
        for name, data in make():
            yield f"{make.__name__.removeprefix('bad_')}.{name}", kind, data
